"""One PostgreSQL: engines, roles and migrations."""
