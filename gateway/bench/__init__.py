"""Measures the gateway on the machine that it runs on, and says how near it comes to its aims.

Every figure is a ratio of two measurements, which take turns in one run: what a machine can do
differs, and what it does at the moment differs as well. docs/PERFORMANCE.md says what each row
means.
"""
