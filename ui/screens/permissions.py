"""Who may do what, in words: an act stands there for everybody, with the roles that may beside it."""

from domain.roles import PERMITTED_ROLES, Permission, Role, is_permitted
from ui.text import role_name, tr


def refusal_to(role: Role, permission: Permission) -> str:
    """Return why a role may not do something; empty when it may."""
    if is_permitted(role, permission):
        return ""
    roles = sorted(role_name(each) for each in PERMITTED_ROLES[permission])
    return tr("Roles", "Your role may not do this. Allowed: {roles}.", roles=", ".join(roles))
