"""The contract as generated code: messages of coalition.v1."""
