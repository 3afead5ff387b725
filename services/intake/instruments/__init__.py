"""The packs of our own instruments. A licensed instrument's words are never here."""
