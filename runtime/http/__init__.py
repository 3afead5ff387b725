"""The way in: one edge that owns a request's transaction, one table of problem answers."""
