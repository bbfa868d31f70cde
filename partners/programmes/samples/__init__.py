"""Definitions to start from: a hotel, an airline and a card issuer of one coalition."""
