"""Roles are a closed list, and each has its scopes."""

from runtime.auth.scopes import SCOPES, Role, scopes_of


def test_every_role_has_scopes_and_an_unknown_one_has_none() -> None:
    assert set(SCOPES) == set(Role)
    assert scopes_of(["director", "advocate "]) == frozenset()
