"""The form of a statement, read strictly into plain values; what it says is checked elsewhere."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from coalition.strict_json import (
    BadJson,
    optional_fraction,
    parse_object,
    require_canonical,
    require_keys,
    text,
)

STATEMENT_VERSION = "2"

IDENTITY = (
    "version",
    "coalition",
    "operator",
    "settlement",
    "window",
    "business_date",
    "advice_date",
    "settlement_date",
    "supersedes",
    "apart",
    "participant",
    "currency",
    "exponent",
    "first_number",
    "last_number",
    "entries",
    "previous_sha256",
)
EXCHANGED = ("count", "owed_to_minor", "owed_by_minor", "net_minor")

COLUMNS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "POSITIONS": (("participant",), ("opening_minor", "net_minor", "closing_minor")),
    "OBLIGATIONS": (("counterparty", "kind"), EXCHANGED),
    "FEES": (("counterparty", "kind"), EXCHANGED),
    "PAYMENTS": (("payer", "payee"), ("amount_minor",)),
    "BREAKS": (
        ("break", "source", "kind", "participant", "state"),
        ("ledger_minor", "reported_minor"),
    ),
    "MONEY_VALUES": (("money", "price"), ()),
    "MONEY_POSITIONS": (("participant",), ("net_minor", "payments_minor", "rounding_minor")),
    "MONEY_PAYMENTS": (("payer", "payee"), ("amount_minor",)),
    "MONEY_RESIDUAL": (("participant",), ("amount_minor",)),
}
"""Columns of each known section: those with texts, and those with numbers, which have control
totals. A section that this client does not know has its control totals checked, and no more."""

_KEYS = frozenset({*IDENTITY, "sections"})
_SECTION_KEYS = frozenset({"name", "currency", "row_count", "totals", "rows"})
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,62}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Section:
    """A table of a statement; amounts are minor units of `currency`."""

    name: str
    currency: str
    row_count: int
    totals: Mapping[str, int]
    rows: tuple[Mapping[str, str], ...]

    @property
    def title(self) -> str:
        """Which section of a statement."""
        return f"{self.name} in {self.currency}"

    def summed(self, column: str) -> int:
        """The sum over its rows."""
        return sum(int(row[column]) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was read. Amounts in minor units; positive is to be received."""

    version: str
    coalition: str
    operator: str
    settlement: int
    window: int
    business_date: str | None
    advice_date: str | None
    settlement_date: str | None
    """Days as YYYY-MM-DD; None where the settlement has no calendar."""
    supersedes: int | None
    """The aborted settlement of the same window in whose place this one is."""
    apart: tuple[str, ...]
    """Participants whose net with each other one is a payment of its own."""
    participant: str
    currency: str
    exponent: int
    first_number: int
    last_number: int
    entries: int
    previous_sha256: str | None
    sections: tuple[Section, ...]
    sha256: str
    """Of its exact bytes, in hex."""

    @property
    def is_operators(self) -> bool:
        """Whether it shows the whole coalition."""
        return self.participant == self.operator

    def section(self, name: str, currency: str | None = None) -> Section:
        """A section, empty where there is none; in the shared currency unless another is named."""
        wanted = name, self.currency if currency is None else currency
        found = (each for each in self.sections if (each.name, each.currency) == wanted)
        return next(found, Section(*wanted, 0, {}, ()))

    @property
    def prices(self) -> dict[str, Fraction]:
        """What a shared minor unit is worth in minor units of moneys. Raises BadJson."""
        return {row["money"]: price_of(row) for row in self.section("MONEY_VALUES").rows}

    @property
    def position(self) -> Mapping[str, str]:
        """The participant's own row of POSITIONS. Raises KeyError where there is none."""
        return own_row(self.section("POSITIONS"), self.participant)


def own_row(section: Section, participant: str) -> Mapping[str, str]:
    """A participant's row of a section with one row each. Raises KeyError."""
    return {row["participant"]: row for row in section.rows}[participant]


def price_of(row: Mapping[str, str]) -> Fraction:
    """The price in a row of MONEY_VALUES. Raises BadJson unless it is a fraction above zero."""
    price = optional_fraction(row, "price")
    if not price:
        message = f"the price of {row['money']} is {row['price']!r:.80}; expected more than zero"
        raise BadJson(message)
    return price


def read_form(json_bytes: bytes) -> Statement:
    """A statement of the right form throughout, whatever it says. Raises BadJson."""
    body = json_bytes.removesuffix(b"\n")
    fields = parse_object(body)
    if fields.get("version", STATEMENT_VERSION) != STATEMENT_VERSION:
        message = f"version {fields['version']!r:.20} is not known; get a client that fits it"
        raise BadJson(message)
    require_keys(fields, _KEYS)
    require_canonical(body, fields)
    if body == json_bytes:
        message = "the line feed at its end is missing"
        raise BadJson(message)
    currency = text(fields, "currency")
    return Statement(
        version=STATEMENT_VERSION,
        coalition=text(fields, "coalition"),
        operator=text(fields, "operator"),
        settlement=_number(fields, "settlement"),
        window=_number(fields, "window"),
        business_date=_day(fields, "business_date"),
        advice_date=_day(fields, "advice_date"),
        settlement_date=_day(fields, "settlement_date"),
        supersedes=None if fields["supersedes"] is None else _number(fields, "supersedes"),
        apart=() if fields["apart"] is None else tuple(text(fields, "apart").split(" ")),
        participant=text(fields, "participant"),
        currency=currency,
        exponent=_number(fields, "exponent"),
        first_number=_number(fields, "first_number"),
        last_number=_number(fields, "last_number"),
        entries=_number(fields, "entries"),
        previous_sha256=_previous(fields),
        sections=tuple(_section(each) for each in _objects(fields, "sections")),
        sha256=hashlib.sha256(json_bytes).hexdigest(),
    )


def _day(fields: Fields, key: str) -> str | None:
    value = fields[key]
    if value is None or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    message = f"{key} is {value!r:.80}; expected a day, YYYY-MM-DD, or null"
    raise BadJson(message)


def _previous(fields: Fields) -> str | None:
    value = fields["previous_sha256"]
    if value is None or (isinstance(value, str) and _SHA256.fullmatch(value)):
        return value
    message = "previous_sha256 is neither null nor a SHA-256 in hex"
    raise BadJson(message)


def _section(fields: Fields) -> Section:
    require_keys(fields, _SECTION_KEYS)
    name = text(fields, "name")
    totals = fields["totals"]
    if not isinstance(totals, dict):
        message = f"totals of {name} is no object"
        raise BadJson(message)
    rows = _objects(fields, "rows")
    for row in rows:
        _require_columns(name, row, totals.keys())
    if name in COLUMNS and totals.keys() != set(COLUMNS[name][1]):
        message = f"{name} has control totals of {sorted(totals)}"
        raise BadJson(message)
    return Section(
        name=name,
        currency=text(fields, "currency"),
        row_count=_number(fields, "row_count"),
        totals={key: _number(totals, key) for key in totals},
        rows=tuple({key: str(value) for key, value in row.items()} for row in rows),
    )


def _require_columns(name: str, row: Fields, summed: Iterable[str]) -> None:
    if name in COLUMNS:
        texts, numbers = COLUMNS[name]
        require_keys(row, frozenset({*texts, *numbers}))
    for key in row:
        text(row, key)
    for key in (*summed, *(COLUMNS[name][1] if name in COLUMNS else ())):
        _number(row, key)


def _objects(fields: Fields, key: str) -> list[Fields]:
    value = fields[key]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        message = f"{key} is no list of objects"
        raise BadJson(message)
    return value


def _number(fields: Fields, key: str) -> int:
    value = fields.get(key)
    if not is_number(value):
        message = f"{key} is {value!r:.80}; expected a decimal string"
        raise BadJson(message)
    return int(str(value))


def is_number(value: object) -> bool:
    """Whether this is a decimal string, as statements have them."""
    return isinstance(value, str) and _INTEGER.fullmatch(value) is not None
