"""Terms as documents: what entries hold of them, and what the database keeps."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from partners.exchange.terms import (
    GuardRails,
    Limits,
    MoneyValue,
    PairTerms,
    RateTerms,
    Resumption,
    Safeguards,
    Terms,
)
from settlement.ledger.entries import price_text

KINDS: Mapping[str, type[Terms]] = {
    "RATE": RateTerms,
    "PAIR": PairTerms,
    "MONEY_VALUE": MoneyValue,
    "GUARD_RAILS": GuardRails,
    "LIMITS": Limits,
    "SAFEGUARDS": Safeguards,
    "RESUMPTION": Resumption,
}
"""By the name that documents have for them."""

_NAMES = {kind: name for name, kind in KINDS.items()}


def kind_of(terms: Terms) -> str:
    """The name of a kind of terms."""
    return _NAMES[type(terms)]


def to_document(terms: Terms) -> dict[str, object]:
    """Terms as text and nested text; fractions as numerator/denominator."""
    return {"kind": kind_of(terms), **_plain(terms)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field's
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Fraction):
        return price_text(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def from_document(document: Mapping[str, Any]) -> Terms:
    """Terms from their document."""
    return _made(KINDS[document["kind"]], document)  # type: ignore[no-any-return]


def _made(kind: Any, document: Mapping[str, Any]) -> Any:  # noqa: ANN401
    hints = get_type_hints(kind)
    return kind(
        **{
            field.name: _value(hints[field.name], document[field.name])
            for field in fields(kind)
            if field.name in document
        }
    )


def _value(hint: Any, value: Any) -> Any:  # noqa: ANN401
    if value is None:
        return None
    if get_origin(hint) in (Union, UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], item) for item in value)
    if is_dataclass(hint):
        return _made(hint, value)
    return hint(value)
