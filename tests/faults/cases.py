"""Faults that happen once in a run."""

from collections.abc import Callable, Mapping

from faults.scene import Figures

CASES: Mapping[str, Callable[[], Figures]] = {}
