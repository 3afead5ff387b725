"""What staff change of a survivor's say-so: lock, load, decide, write, raise the version, record, enqueue."""
