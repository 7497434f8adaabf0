"""Who may do what: asked by every command before it does anything."""

import socket
from uuid import UUID

from domain.errors import NotPermitted
from domain.roles import PERMITTED_ROLES, Actor, Permission, Role, is_permitted

PROGRAM_ID = UUID("01900000-0000-7000-8000-000000000001")


def require(actor: Actor, permission: Permission) -> None:
    """Return when the actor may; NotPermitted names the roles that may."""
    if not is_permitted(actor.role, permission):
        roles = sorted(role.value for role in PERMITTED_ROLES[permission])
        raise NotPermitted(
            f"{actor.name or actor.role.value} may not '{permission.value}'; allowed: {', '.join(roles)}",
            key="not_permitted",
            permission=permission.value,
            roles=roles,
        )


def program_actor(part: str) -> Actor:
    """Return the actor of what the program does by itself."""
    return Actor(PROGRAM_ID, Role.ENGINEER, f"{socket.gethostname()}/{part}", part)
