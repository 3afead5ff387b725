"""What may be said: contracts, categories, topics."""
