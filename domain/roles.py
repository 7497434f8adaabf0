"""Roles, permissions and the actor of every command. The one place where roles are named."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from uuid import UUID


class Role(Enum):
    """Who a person is to the program [ROL-1..5]."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    TECHNICIAN = "technician"
    SUPERVISOR = "supervisor"
    PROCUREMENT = "procurement"
    PLANT_MANAGER = "plant_manager"
    ENGINEER = "engineer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Permission(Enum):
    """What a command asks for."""

    VIEW = "view"
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    RESET_ALARM = "reset_alarm"
    RECORD_READING = "record_reading"
    CORRECT_READING = "correct_reading"
    OBSERVE = "observe"
    CONFIGURE = "configure"
    OPERATE_COLLECTOR = "operate_collector"
    BACK_UP = "back_up"
    RESTORE = "restore"


_FLOOR = frozenset({Role.OPERATOR, Role.TECHNICIAN, Role.SUPERVISOR, Role.ENGINEER, Role.ADMINISTRATOR})
_SET_UP = frozenset({Role.SUPERVISOR, Role.ENGINEER, Role.ADMINISTRATOR})

PERMITTED_ROLES: Mapping[Permission, frozenset[Role]] = MappingProxyType(
    {
        Permission.VIEW: frozenset(Role),
        Permission.ACKNOWLEDGE_ALARM: _FLOOR,
        Permission.RESET_ALARM: _FLOOR,
        Permission.RECORD_READING: _FLOOR,
        Permission.CORRECT_READING: _FLOOR - {Role.OPERATOR},
        Permission.OBSERVE: _FLOOR,
        Permission.CONFIGURE: _SET_UP,
        Permission.OPERATE_COLLECTOR: _SET_UP,
        Permission.BACK_UP: _SET_UP,
        Permission.RESTORE: frozenset({Role.ADMINISTRATOR}),
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind a command and the workstation he sits at."""

    user_id: UUID
    role: Role
    workstation: str
    name: str = ""


def is_permitted(role: Role, permission: Permission) -> bool:
    """Say whether the role may do what the permission names."""
    return role in PERMITTED_ROLES[permission]
