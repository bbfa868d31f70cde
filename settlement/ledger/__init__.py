"""The floor: amounts, accounts, entries, the only SQL on the book, and its self-checks."""
