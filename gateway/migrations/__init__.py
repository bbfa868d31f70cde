"""The history of the schema. Only the top room may see all tables."""
