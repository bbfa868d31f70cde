"""Loyalty programmes: their definitions, and what an activity earns under one. Pure."""
