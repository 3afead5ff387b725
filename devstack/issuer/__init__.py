"""A small issuer of tokens for development: it warns when it starts, and refuses the production profile."""
