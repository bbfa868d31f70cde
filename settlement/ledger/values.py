"""Values: dataclasses that nobody changes once they are made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots, equal and hashed by its fields, for what is made by the thousand.

    The type checker holds it to be frozen. At run time it is not: a frozen dataclass sets each
    field by a call, which took an eighth of the time of a decision (docs/PERFORMANCE.md).
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


class once(Generic[T]):  # noqa: N801 - it reads like property
    """A property that is computed when it is first asked for, and kept.

    As functools.cached_property, without the lock which that takes before Python 3.12: two threads
    that ask at once compute the same.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        """Of a class whose objects have a `__dict__`."""
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, made: None, owner: type[Any]) -> Self: ...
    @overload
    def __get__(self, made: object, owner: type[Any]) -> T: ...
    def __get__(self, made: object | None, owner: type[Any]) -> Self | T:
        """Compute; later the object's own `__dict__` has it."""
        if made is None:
            return self
        result = made.__dict__[self._name] = self._compute(made)
        return result
