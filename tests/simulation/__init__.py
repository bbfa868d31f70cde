"""A simulator: random coalitions whose every answer an independent model predicts.

`python -m simulation --help`; docs/TESTING.md says what it does and how a divergence is read.
"""
