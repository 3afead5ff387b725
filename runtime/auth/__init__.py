"""Who asks: tokens, the scopes of roles, and an issuer for development."""
