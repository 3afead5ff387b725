"""Who does it: one folder a service."""
