"""What matching a partner's record of a window can come to, as plain values."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from settlement.ledger.entries import canonical


class Outcome(StrEnum):
    """What became of rows and items. Those below the line are breaks once it is concluded."""

    MATCHED = "MATCHED"
    MATCHED_WITHIN_TOLERANCE = "MATCHED_WITHIN_TOLERANCE"
    MATCHED_SPLIT = "MATCHED_SPLIT"
    MATCHED_MERGED = "MATCHED_MERGED"
    MATCHED_WITHOUT_REFERENCE = "MATCHED_WITHOUT_REFERENCE"
    CANCELS_OUT = "CANCELS_OUT"
    # ---
    MISSING_AT_GATEWAY = "MISSING_AT_GATEWAY"
    MISSING_AT_PARTNER = "MISSING_AT_PARTNER"
    AMOUNT_DIFFERS = "AMOUNT_DIFFERS"
    DATE_DIFFERS = "DATE_DIFFERS"
    DUPLICATE = "DUPLICATE"


class Rule(StrEnum):
    """By which rule something was found, in the order in which they are tried."""

    EXACT = "EXACT"
    REFERENCE_AND_AMOUNT = "REFERENCE_AND_AMOUNT"
    SAME_REFERENCE_SUM = "SAME_REFERENCE_SUM"
    REFERENCE_PREFIX_SUM = "REFERENCE_PREFIX_SUM"
    REFERENCE = "REFERENCE"
    AMOUNT_AND_DATE = "AMOUNT_AND_DATE"
    SUM_IS_ZERO = "SUM_IS_ZERO"
    NOTHING_LEFT = "NOTHING_LEFT"


@dataclass(frozen=True, slots=True)
class Rules:
    """How exactly a record has to agree. Shared minor units; whole days; a tz database name."""

    amount_tolerance_minor: int = 0
    day_tolerance: int = 0
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is no plain match: rows of the record, items of the ledger, or both.

    `row` and `entry` are the first of `rows` and `entries`, None where there are none; amounts are
    sums over all of them, dates those of the first.
    """

    outcome: Outcome
    rule: Rule
    reference: str
    counterparty: str
    kind: str
    row: int | None
    rows: int
    entry: int | None
    entries: int
    ledger_minor: int
    reported_minor: int
    ledger_date: date | None
    reported_date: date | None


@dataclass(frozen=True, slots=True)
class Result:
    """What matching found: how often each outcome, and all findings in order.

    `counts` are of rows, of MISSING_AT_PARTNER and of what has no rows of items.
    """

    counts: dict[Outcome, int]
    findings: tuple[Finding, ...]
    items: int
    items_total: int


def finding_bytes(finding: Finding) -> bytes:
    """The exact bytes of a finding: JSON in the encoding of hashed bytes, numbers as text."""

    def written(value: object) -> str | None:
        return None if value is None else str(value)

    return canonical(
        {
            "outcome": finding.outcome,
            "rule": finding.rule,
            "reference": finding.reference,
            "row": written(finding.row),
            "rows": str(finding.rows),
            "entry": written(finding.entry),
            "entries": str(finding.entries),
            "ledger_minor": str(finding.ledger_minor),
            "reported_minor": str(finding.reported_minor),
            "ledger_date": written(finding.ledger_date),
            "reported_date": written(finding.reported_date),
        }
    )


def digest_of(findings: Iterable[Finding]) -> bytes:
    """SHA-256 of the list of findings, a line feed after each: with the counts, all there is.

    What is not among them matched one to one, exactly.
    """
    digest = hashlib.sha256()
    for finding in findings:
        digest.update(finding_bytes(finding) + b"\n")
    return digest.digest()
