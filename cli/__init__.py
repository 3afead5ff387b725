"""One program, `accord`."""
