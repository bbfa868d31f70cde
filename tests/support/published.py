"""Published conversions for tests: a small file of our own, and the real one where it lies."""

from pathlib import Path

import pytest

from gateway.rate_files.conversions import Conversions, converted, scale_of
from gateway.rate_files.declarations import Declaration
from gateway.rate_files.documents import Document, parse_document, read_document
from gateway.rate_files.rows import Row, parse_rows

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "conversions.csv"
SAMPLE = ROOT / "gateway" / "samples" / "conversions.declaration.toml"

HEADER = (
    "source,target,source_units,target_units,minimum,increment,bonus_every_source_units,"
    "bonus_target_units,fee_per_source_unit_usd,fee_cap_usd,effective_from,effective_to,note\n"
)

DECLARED = """
bonus_funder = "operator"

[money]
USD = "1.00"

[programmes.BANK]
worth = "0.01"

[programmes.AIR]
worth = "0.02"
"""


def rows_of(*lines: str) -> tuple[Row, ...]:
    """Rows by their lines."""
    return parse_rows((HEADER + "\n".join(lines)).encode(), "conversions.csv")


def declared(text: str = DECLARED) -> Document[Declaration]:
    """A declaration by its text."""
    return parse_document(text.encode(), "declared.toml", Declaration)


def conversions_of(*lines: str, text: str = DECLARED) -> Conversions:
    """What lines come to under a declaration."""
    rows = rows_of(*lines)
    return converted(rows, declared(text), scale_of(rows, declared(text)))


def real_file() -> bytes:
    """The real conversions; skips, saying so, where they are not at hand."""
    if not REAL.exists():
        pytest.skip(f"{REAL.name} is not beside the repository: real conversions are not tried")
    return REAL.read_bytes()


def real_conversions(data: bytes | None = None) -> Conversions:
    """What the real conversions come to under the declaration that ships, or a variant of them."""
    rows = parse_rows(real_file() if data is None else data, REAL.name)
    declaration = read_document(SAMPLE, Declaration)
    return converted(rows, declaration, scale_of(rows, declaration))
