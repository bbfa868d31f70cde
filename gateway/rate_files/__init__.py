"""The rate book in files: what administrators write, and published conversions as CSV."""
