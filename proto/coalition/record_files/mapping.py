"""Mappings of record files: the parts of activity files' mappings, put together for records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from coalition.activity_files.mapping import (
    MAX_EXPONENT,
    CsvForm,
    InstantPart,
    NumberField,
    TemplateField,
    texts,
)
from coalition.activity_files.mapping_files import read_mapping_as


class RecordMapping(BaseModel):
    """What is where in a record. Amounts are of the shared currency, with `exponent` decimals.

    Either `amount`, positive where the partner receives, or `receives` and `owes`, of which a row
    may leave one empty. A row whose amount comes to zero says nothing and is passed over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    format: Literal["csv", "json", "jsonl"] | None = None
    csv: CsvForm = CsvForm()
    when: dict[str, Annotated[tuple[str, ...], PlainValidator(texts)]] = Field(default_factory=dict)
    reference: TemplateField | None = None
    date: InstantPart
    amount: NumberField | None = None
    receives: NumberField | None = None
    owes: NumberField | None = None
    exponent: int = Field(default=0, ge=0, le=MAX_EXPONENT)
    counterparty: TemplateField | None = None
    kind: TemplateField | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        both = self.receives is not None and self.owes is not None
        neither = self.receives is None and self.owes is None
        if not (neither if self.amount is not None else both):
            message = "give amount, or receives and owes"
            raise PydanticCustomError("mapping", "{text}", {"text": message})
        if self.date.add_days is not None:
            message = "add_days is for ends of activities"
            raise PydanticCustomError("mapping", "{text}", {"text": message})
        return self

    def columns(self) -> Iterator[str]:
        """Every column that the mapping takes."""
        yield from self.when
        for text in (self.reference, self.counterparty, self.kind):
            if text is not None:
                yield from text.columns()
        yield from self.date.names
        for number in (self.amount, self.receives, self.owes):
            if number is not None:
                yield from number.columns()


PLAIN = RecordMapping.model_validate(
    {"reference": "{reference}", "date": {"column": "date"}, "amount": "amount"}
)
"""For a file as `coalition settlement items` writes it, amounts in minor units."""


def read_record_mapping(path: Path) -> RecordMapping:
    """The mapping in a file. Raises BadMapping."""
    return read_mapping_as(RecordMapping, path)
