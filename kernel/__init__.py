"""What may be decided: pure rules. No input or output, no clock, no settings."""
