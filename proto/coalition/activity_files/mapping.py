"""Mappings: which column of a partner's file is what."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from coalition.activity_files.currencies import exponent_of
from coalition.activity_files.values import (
    ISO,
    Column,
    Constant,
    Number,
    Product,
    Sum,
    Template,
)

MAX_DEPTH = 5
"""Sums and products inside each other."""

MAX_EXPONENT = 6
"""As of any currency of a coalition."""

MAX_ATTRIBUTES = 20
"""Of one activity, by the contract."""

_CONSTANT = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?", re.ASCII)


def _problem(text: str) -> PydanticCustomError:
    # The text may hold braces of its own, so it is an argument and no template.
    return PydanticCustomError("mapping", "{text}", {"text": text})


def _number(value: object, depth: int = MAX_DEPTH) -> Number:
    if isinstance(value, str) and value:
        return Column(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Constant(Decimal(value))
    if isinstance(value, dict) and len(value) == 1 and depth:
        ((key, inner),) = value.items()
        if key == "number" and isinstance(inner, str) and _CONSTANT.fullmatch(inner):
            return Constant(Decimal(inner))
        if key in {"sum", "product"} and isinstance(inner, list) and inner:
            parts = tuple(_number(part, depth - 1) for part in inner)
            return Sum(parts) if key == "sum" else Product(parts)
    message = (
        'write a column ("adr"), a whole number (1), { number = "0.5" }, '
        '{ sum = ["a", "b"] } or { product = ["a", "b"] }'
    )
    raise _problem(message)


def _template(value: object) -> Template:
    if isinstance(value, str) and Template(value).is_well_formed:
        return Template(value)
    message = 'write a text, with columns in braces, such as "{property}-{folio}"'
    raise _problem(message)


def texts(value: object) -> tuple[str, ...]:
    """The values of a column that rows are taken for."""
    values = value if isinstance(value, list) else [value]
    if values and all(isinstance(v, str | int) for v in values):
        return tuple(str(v).lower() if isinstance(v, bool) else str(v) for v in values)
    message = 'write the value to take, or a list of them, such as ["Check-Out"]'
    raise _problem(message)


def _format(value: object) -> str:
    """A format of strptime that can be read back and holds year, month and day."""
    example = datetime(2001, 2, 3, tzinfo=UTC)
    if value == ISO:
        return ISO
    try:
        found = datetime.strptime(example.strftime(str(value)), str(value))  # noqa: DTZ007 - an example
    except (ValueError, re.error):
        found = None
    if isinstance(value, str) and found and found.date() == example.date():
        return value
    message = f'write "{ISO}", or a format with year, month and day, such as "%Y-%m-%d %H:%M"'
    raise _problem(message)


def _one_of_form(pattern: str, example: str) -> BeforeValidator:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: object) -> object:
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        message = f'write something like "{example}" ({pattern})'
        raise _problem(message)

    return BeforeValidator(check)


NumberField = Annotated[Number, PlainValidator(_number)]
TemplateField = Annotated[Template, PlainValidator(_template)]
Slug = Annotated[str, _one_of_form(r"[a-z][a-z0-9-]{1,31}", "hotel")]
Category = Annotated[str, _one_of_form(r"[A-Z][A-Z_]{0,31}", "ROOM")]
LegReason = Annotated[str, _one_of_form(r"[A-Z][A-Z_]{1,31}", "BASE")]
Currency = Annotated[str, _one_of_form(r"[A-Z][A-Z0-9-]{1,15}", "EUR")]
Rounding = Literal["half-up", "half-even", "down"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class CsvForm(_Part):
    """How a CSV file is written."""

    delimiter: str = Field(default=",", min_length=1, max_length=1, pattern=r'^[^"\r\n]$')
    encoding: Literal["utf-8", "latin-1", "cp1252"] = "utf-8"
    decimal: Literal[".", ","] = "."


class ActivityPart(_Part):
    """The natural key of an activity."""

    supplier: TemplateField
    kind: TemplateField
    reference: TemplateField
    revision: NumberField = Constant(Decimal(1))


class InstantPart(_Part):
    """An instant: columns in a format, or (for the end) days after the start."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    format: Annotated[str, PlainValidator(_format)] = ISO
    add_days: NumberField | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum((self.column is not None, bool(self.columns), self.add_days is not None)) != 1:
            message = "give one of column, columns and (for the end) add_days"
            raise _problem(message)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to join."""
        return self.columns if self.column is None else (self.column,)


class SpendPart(_Part):
    """Money paid: `amount` in major units, such as euros."""

    category: Category
    currency: Currency
    amount: NumberField
    exponent: int | None = Field(default=None, ge=0, le=MAX_EXPONENT)
    rounding: Rounding | None = None

    @model_validator(mode="after")
    def _known_exponent(self) -> Self:
        if self.exponent is None and exponent_of(self.currency) is None:
            message = f"{self.currency} is no money of ISO 4217: add its exponent, such as 0"
            raise _problem(message)
        return self

    @property
    def decimals(self) -> int:
        """Digits of the currency's minor unit."""
        known = self.exponent if self.exponent is not None else exponent_of(self.currency)
        return known or 0


class QuantityPart(_Part):
    """Something measured, in whole units."""

    unit: Category
    count: NumberField
    rounding: Rounding | None = None


class AttributePart(_Part):
    """What programmes ask for besides; a row in which it is empty has none."""

    name: Slug
    value: TemplateField


class StatedPart(_Part):
    """Points that the sender states; a row in which they come to 0 states none."""

    programme: Slug
    reason: LegReason
    points_minor: NumberField
    rounding: Rounding | None = None


class HashedNumber(_Part):
    """A member number for rows that hold none: one of `members`, by a hash of a template."""

    hash_of: TemplateField
    members: int = Field(ge=1, le=10_000_000)
    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._:/-]{0,40}$")


class MemberPart(_Part):
    """Whose activity it is."""

    programme: Slug
    number: Annotated[
        Template | HashedNumber,
        PlainValidator(lambda v: _hashed(v) if isinstance(v, dict) else _template(v)),
    ]


def _hashed(value: object) -> HashedNumber:
    try:
        return HashedNumber.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise _problem(message) from None


class FileMapping(_Part):
    """A whole mapping. `format` may be left out where the file's name tells it."""

    format: Literal["csv", "json", "jsonl"] | None = None
    csv: CsvForm = CsvForm()
    when: dict[str, Annotated[tuple[str, ...], PlainValidator(texts)]] = Field(default_factory=dict)
    activity: ActivityPart
    started_at: InstantPart
    ended_at: InstantPart | None = None
    spend: tuple[SpendPart, ...] = ()
    quantity: tuple[QuantityPart, ...] = ()
    attribute: tuple[AttributePart, ...] = ()
    stated: tuple[StatedPart, ...] = ()
    member: MemberPart

    @model_validator(mode="after")
    def _attributes_once(self) -> Self:
        names = [part.name for part in self.attribute]
        if len(names) > MAX_ATTRIBUTES or len(set(names)) < len(names):
            message = f"give at most {MAX_ATTRIBUTES} attributes, each name once"
            raise _problem(message)
        return self

    @model_validator(mode="after")
    def _start_by_itself(self) -> Self:
        if self.started_at.add_days is not None:
            message = "add_days is for ended_at: a start has columns of its own"
            raise _problem(message)
        return self

    def columns(self) -> Iterator[str]:
        """Every column that the mapping takes."""
        yield from self.when
        texts = (self.activity.supplier, self.activity.kind, self.activity.reference)
        for text in (*texts, *(part.value for part in self.attribute)):
            yield from text.columns()
        yield from self._columns_of_instants()
        numbers = [
            self.activity.revision,
            *(part.amount for part in self.spend),
            *(part.count for part in self.quantity),
            *(part.points_minor for part in self.stated),
        ]
        for number in numbers:
            yield from number.columns()
        member = self.member.number
        yield from (member if isinstance(member, Template) else member.hash_of).columns()

    def _columns_of_instants(self) -> Iterator[str]:
        for part in (self.started_at, self.ended_at):
            if part is not None:
                yield from part.names
                yield from part.add_days.columns() if part.add_days else ()
