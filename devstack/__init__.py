"""A real PostgreSQL and a real Apache Kafka, from wheels and jars alone: no containers, no JDK, no Maven."""
