"""What waits to be sent. Only the offering door puts; only the relay takes."""
