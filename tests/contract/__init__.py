"""Tests of the contract: signed bytes, records, the client and its evidence."""
