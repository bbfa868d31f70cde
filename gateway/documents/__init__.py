"""What people, banks and treasury systems take: documents made of a verified statement.

Pure functions from a statement, and what the caller says, to bytes; nothing here asks a gateway or
the ledger. A partner makes them from the file alone. They need the [documents] extra.
"""
