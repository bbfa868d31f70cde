"""Conversion of points of one programme into points of another."""
