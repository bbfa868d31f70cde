"""The book and its closing: ledger, windows, netting, statements, the staged run."""
