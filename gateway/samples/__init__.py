"""Examples for activity files: two mappings, and a small file for each of them."""
