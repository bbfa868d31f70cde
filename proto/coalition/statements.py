"""Checks a statement offline: nothing but its own bytes is needed, and no server.

Whether its sums are those of the ledger is another question, answered by a partner's own
receipts and feed records.
"""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from coalition.strict_json import BadJson, parse_object, require_canonical, require_keys

STATEMENT_VERSION = "1"
FEE_KINDS = frozenset({"FEE", "SPREAD", "ROUNDING"})
"""Kinds of lines by which the operator earns."""

IDENTITY = (
    "version",
    "coalition",
    "operator",
    "settlement",
    "window",
    "participant",
    "currency",
    "exponent",
    "first_number",
    "last_number",
    "entries",
    "previous_sha256",
)
SUPERSEDING = ("supersedes", "apart")
"""Only in a statement that takes the place of one whose settlement was aborted."""

POSITION = ("opening_minor", "net_minor", "closing_minor")
AMOUNTS = ("count", "owed_to_minor", "owed_by_minor", "net_minor")
CSV_COLUMNS = ("section", "name", "counterparty", "kind", *AMOUNTS, "value")

_KEYS = frozenset({*IDENTITY, *POSITION, "obligations", "fees", "payments", "controls"})
_OBLIGATION_KEYS = frozenset({"counterparty", "kind", *AMOUNTS})
_PAYMENT_KEYS = frozenset({"payer", "payee", "amount_minor"})
_CONTROL_KEYS = frozenset({"lines", "debits_minor", "credits_minor"})

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,37}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Fields = Mapping[str, object]


def verify_statement(json_bytes: bytes, csv_bytes: bytes | None = None) -> list[str]:
    """What is wrong with a statement, in words; empty where all of it agrees.

    With `csv_bytes` also whether the table is whole and says the same. Never raises for bad
    data.
    """
    try:
        fields = _read(json_bytes)
        problems = [problem for check in _CHECKS for problem in check(fields)]
        rows = _csv_rows(fields, json_bytes)
    except BadJson as problem:
        return [f"the statement cannot be read: {problem}"]
    if csv_bytes is not None:
        problems += _csv_problems(rows, csv_bytes)
    return problems


def _read(json_bytes: bytes) -> Fields:
    """The statement's fields, of the right form throughout. Raises BadJson."""
    body = json_bytes.removesuffix(b"\n")
    fields = parse_object(body)
    more = SUPERSEDING if "supersedes" in fields else ()
    require_keys(fields, _KEYS.union(more))
    require_canonical(body, fields)
    if body == json_bytes:
        message = "the line feed at its end is missing"
        raise BadJson(message)
    if fields["version"] != STATEMENT_VERSION:
        message = f"version {fields['version']!r:.20} is not known; get a newer client"
        raise BadJson(message)
    for obligation in _listed(fields, "obligations"):
        require_keys(obligation, _OBLIGATION_KEYS)
    for payment in _listed(fields, "payments"):
        require_keys(payment, _PAYMENT_KEYS)
    require_keys(_object(fields, "fees"), frozenset(AMOUNTS))
    require_keys(_object(fields, "controls"), _CONTROL_KEYS)
    return fields


def _object(fields: Fields, key: str) -> Fields:
    value = fields[key]
    if not isinstance(value, dict):
        message = f"{key} is no object"
        raise BadJson(message)
    return value


def _listed(fields: Fields, key: str) -> list[Fields]:
    value = fields[key]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        message = f"{key} is no list of objects"
        raise BadJson(message)
    return value


def _text(fields: Fields, key: str) -> str:
    value = fields[key]
    if not isinstance(value, str) or not value:
        message = f"{key} is {value!r:.80}; expected a text"
        raise BadJson(message)
    return value


def _number(fields: Fields, key: str) -> int:
    value = fields[key]
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        message = f"{key} is {value!r:.80}; expected a decimal string"
        raise BadJson(message)
    return int(value)


def _total(parts: Iterable[Fields], key: str) -> int:
    return sum(_number(part, key) for part in parts)


def _same(what: str, found: int, expected: int) -> Iterator[str]:
    if found != expected:
        yield f"{what} is {found}; it should be {expected}"


def _check_identity(fields: Fields) -> Iterator[str]:
    for key in ("coalition", "operator", "participant", "currency"):
        _text(fields, key)
    for key in ("settlement", "window", "exponent", "first_number", "last_number", "entries"):
        if _number(fields, key) < 0:
            yield f"{key} is negative"
    if _number(fields, "first_number") > _number(fields, "last_number"):
        yield "its first number is after its last"
    previous = fields["previous_sha256"]
    if previous is not None and not (isinstance(previous, str) and _SHA256.fullmatch(previous)):
        yield "previous_sha256 is neither null nor a SHA-256 in hex"
    if "supersedes" in fields and not (
        0 < _number(fields, "supersedes") < _number(fields, "settlement")
    ):
        yield "supersedes is not an earlier settlement"


def _check_obligations(fields: Fields) -> Iterator[str]:
    obligations = _listed(fields, "obligations")
    keys = [(_text(each, "counterparty"), _text(each, "kind")) for each in obligations]
    if keys != sorted(set(keys)):
        yield "obligations are not sorted by counterparty and kind, each once"
    for (counterparty, kind), each in zip(keys, obligations, strict=True):
        what = f"obligations with {counterparty}, {kind}"
        if counterparty == fields["participant"]:
            yield f"{what}: nobody owes themselves"
        to, by = _number(each, "owed_to_minor"), _number(each, "owed_by_minor")
        if min(to, by) < 0 or max(to, by) == 0 or _number(each, "count") < 1:
            yield f"{what}: counts and gross amounts are positive"
        yield from _same(f"{what}: net", _number(each, "net_minor"), to - by)


def _check_position(fields: Fields) -> Iterator[str]:
    net = _number(fields, "net_minor")
    yield from _same("net_minor", net, _total(_listed(fields, "obligations"), "net_minor"))
    closing = _number(fields, "opening_minor") + net
    yield from _same("closing_minor", _number(fields, "closing_minor"), closing)


def _check_fees(fields: Fields) -> Iterator[str]:
    fees = _object(fields, "fees")
    charged = [
        each
        for each in _listed(fields, "obligations")
        if each["kind"] in FEE_KINDS
        and fields["operator"] in (fields["participant"], each["counterparty"])
    ]
    for key in AMOUNTS:
        yield from _same(f"fees: {key}", _number(fees, key), _total(charged, key))


def _check_payments(fields: Fields) -> Iterator[str]:
    payments, me = _listed(fields, "payments"), fields["participant"]
    pairs = [(_text(each, "payer"), _text(each, "payee")) for each in payments]
    if pairs != sorted(set(pairs)):
        yield "payments are not sorted by payer and payee, each once"
    for (payer, payee), each in zip(pairs, payments, strict=True):
        if (payer == me) == (payee == me):
            yield f"a payment from {payer} to {payee} is not of this participant"
        if _number(each, "amount_minor") <= 0:
            yield f"the payment from {payer} to {payee} is not positive"
    apart = set(_text(fields, "apart").split()) if fields.get("apart") is not None else set()
    netted = [pair for pair in pairs if apart.isdisjoint(pair)]
    if {payer == me for payer, _ in netted} == {True, False}:
        yield "one participant both pays and receives"
    yield from _check_apart(fields, apart, me)
    received = _total((each for each in payments if each["payee"] == me), "amount_minor")
    paid = _total((each for each in payments if each["payer"] == me), "amount_minor")
    yield from _same("payments received minus paid", received - paid, _number(fields, "net_minor"))


def _check_apart(fields: Fields, apart: set[str], me: object) -> Iterator[str]:
    """What is between a participant apart and another is one payment of their own net."""
    paid = {
        (each["payer"], each["payee"]): _number(each, "amount_minor")
        for each in _listed(fields, "payments")
    }
    owed: dict[object, int] = {}
    for each in _listed(fields, "obligations"):
        other = each["counterparty"]
        owed[other] = owed.get(other, 0) + _number(each, "net_minor")
    for other in sorted(map(str, owed)) if me in apart else sorted(apart & owed.keys()):
        found = paid.get((other, me), 0) - paid.get((me, other), 0)
        yield from _same(f"payments with {other}, settled apart", found, owed[other])


def _check_controls(fields: Fields) -> Iterator[str]:
    controls, obligations = _object(fields, "controls"), _listed(fields, "obligations")
    for key, summed in (
        ("lines", "count"),
        ("debits_minor", "owed_by_minor"),
        ("credits_minor", "owed_to_minor"),
    ):
        total = _total(obligations, summed)
        yield from _same(f"control total {key}", _number(controls, key), total)


_CHECKS: tuple[Callable[[Fields], Iterator[str]], ...] = (
    _check_identity,
    _check_obligations,
    _check_position,
    _check_fees,
    _check_payments,
    _check_controls,
)

_Row = tuple[str, ...]


def _csv_rows(fields: Fields, json_bytes: bytes) -> list[_Row]:
    """The rows that a table of this statement has, its header not among them."""
    identity = (*IDENTITY, *SUPERSEDING) if "supersedes" in fields else IDENTITY
    rows = [_row("STATEMENT", name=key, value=_cell(fields, key)) for key in identity]
    rows += [_row("POSITION", name=key, value=_cell(fields, key)) for key in POSITION]
    for each in _listed(fields, "obligations"):
        cells = {key: _cell(each, key) for key in ("counterparty", "kind", *AMOUNTS)}
        rows.append(_row("OBLIGATION", **cells))
    fees = _object(fields, "fees")
    rows.append(_row("FEES", **{key: _cell(fees, key) for key in AMOUNTS}))
    for each in _listed(fields, "payments"):
        receives = each["payee"] == fields["participant"]
        direction = ("RECEIVE", "payer") if receives else ("PAY", "payee")
        name, other = direction[0], _cell(each, direction[1])
        rows.append(
            _row("PAYMENT", name=name, counterparty=other, value=_cell(each, "amount_minor")),
        )
    controls = _object(fields, "controls")
    rows.append(
        _row(
            "CONTROL",
            name=str(len(rows)),
            count=_cell(controls, "lines"),
            owed_to_minor=_cell(controls, "credits_minor"),
            owed_by_minor=_cell(controls, "debits_minor"),
            net_minor=_cell(fields, "net_minor"),
            value=hashlib.sha256(json_bytes).hexdigest(),
        ),
    )
    return rows


def _row(section: str, **cells: str) -> _Row:
    return section, *(cells.get(column, "") for column in CSV_COLUMNS[1:])


def _cell(fields: Fields, key: str) -> str:
    value = fields[key]
    return value if isinstance(value, str) else ""


def _csv_problems(expected: Sequence[_Row], csv_bytes: bytes) -> list[str]:
    try:
        table = list(csv.reader(io.StringIO(csv_bytes.decode("ascii"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as problem:
        return [f"the CSV cannot be read: {problem}"]
    rows = [tuple(row) for row in table]
    if not rows or rows[0] != CSV_COLUMNS:
        return [f"the first line of the CSV is not its header: {','.join(CSV_COLUMNS)}"]
    last = rows[-1]
    if last[:2] != ("CONTROL", str(len(rows) - 2)) or csv_bytes[-1:] != b"\n":
        return ["the CSV is cut off: it does not end with a CONTROL row that counts its rows"]
    return [
        f"row {number} of the CSV does not say what the statement says"
        for number, (row, due) in enumerate(zip_longest(rows[1:], expected), start=1)
        if row != due
    ]
