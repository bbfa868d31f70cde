"""The contract of a coalition's gateway, and what a partner needs to speak it."""
