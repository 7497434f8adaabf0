"""Who may do what: the whole table, so that a changed line is seen [ROL-1..5, S-07]."""

import pytest

from domain.roles import Permission, Role, is_permitted

V, O, T, S, P, M, E, A, U = Role  # noqa: E741 -- viewer, operator, technician, supervisor, procurement, ...
FLOOR = {O, T, S, E, A}
SET_UP = {S, E, A}
EXPECTED = {
    Permission.VIEW: set(Role),
    Permission.ACKNOWLEDGE_ALARM: FLOOR,
    Permission.RESET_ALARM: FLOOR,
    Permission.RECORD_READING: FLOOR,
    Permission.CORRECT_READING: {T, S, E, A},
    Permission.OBSERVE: FLOOR,
    Permission.CONFIGURE: SET_UP,
    Permission.OPERATE_COLLECTOR: SET_UP,
    Permission.BACK_UP: SET_UP,
    Permission.RESTORE: {A},
}


@pytest.mark.parametrize("permission", Permission)
def test_each_permission_has_exactly_its_roles(permission: Permission) -> None:
    assert {role for role in Role if is_permitted(role, permission)} == EXPECTED[permission]
