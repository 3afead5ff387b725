"""What the product runs on: embedded PostgreSQL and Kafka, and their makers."""
