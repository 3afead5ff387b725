"""Who asks: tokens, the scopes of roles, and an issuer for development.

>>> from runtime.auth.scopes import Role, scopes_of
>>> "ledger:read" in scopes_of([Role.AUDITOR])
True
>>> scopes_of(["chief"])
frozenset()
"""
