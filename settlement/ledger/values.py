"""Values: dataclasses that nobody changes once they are made."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots, equal and hashed by its fields, for what is made by the thousand.

    The type checker holds it to be frozen. At run time it is not: a frozen dataclass sets each
    field by a call, which took an eighth of the time of a decision (docs/PERFORMANCE.md).
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
