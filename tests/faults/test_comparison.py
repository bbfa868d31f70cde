"""The comparison sees what is lost, doubled or altered; one round of it, for real."""

import hashlib
from dataclasses import dataclass, field, replace

import pytest

from faults.ledger import Comparison, LedgerEntry
from faults.receipts import Acknowledged
from faults.rounds import rounds


def sha(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


@dataclass
class Told:
    """What a partner would have in its file."""

    accepted: list[Acknowledged] = field(default_factory=list)
    asked: set[bytes] = field(default_factory=set)


ENTRIES = [
    LedgerEntry(0, "operator", None, sha("genesis")),
    *[LedgerEntry(n, "hotel", sha(f"request {n}"), sha(f"entry {n}")) for n in range(1, 5)],
]
ACCEPTED = [
    Acknowledged("hotel", f"id-{n}", n, sha(f"request {n}"), sha(f"entry {n}")) for n in range(1, 4)
]
ASKED = {sha(f"request {n}") for n in range(1, 5)}

CASES = {
    "as it should be": (ENTRIES, ACCEPTED, []),
    "lost": (ENTRIES[:3], ACCEPTED, ["lost: hotel id-3, entry 3"]),
    "a gap": (
        [*ENTRIES[:3], *ENTRIES[4:]],
        ACCEPTED,
        ["the numbers of the ledger have gaps", "lost: hotel id-3, entry 3"],
    ),
    "altered": (
        [*ENTRIES[:3], replace(ENTRIES[3], bytes_sha256=sha("else")), ENTRIES[4]],
        ACCEPTED,
        ["entry 3 is not what id-3 was shown"],
    ),
    "given to another": (
        [*ENTRIES[:3], replace(ENTRIES[3], request_sha256=sha("else")), ENTRIES[4]],
        ACCEPTED,
        ["entry 3 is another than id-3's"],
    ),
    "doubled": (
        [*ENTRIES, LedgerEntry(5, "hotel", sha("request 2"), sha("entry 5"))],
        ACCEPTED,
        ["doubled: entry 5 is of a request with another"],
    ),
    "one number twice": (
        ENTRIES,
        [*ACCEPTED, replace(ACCEPTED[0], request_id="id-9")],
        [f"{ACCEPTED[0]} and {replace(ACCEPTED[0], request_id='id-9')} were given one number"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_does_not_agree_is_told(
    case: tuple[list[LedgerEntry], list[Acknowledged], list[str]],
) -> None:
    entries, accepted, problems = case
    comparison = Comparison()

    comparison.compare(entries, {"hotel": Told(accepted, ASKED)})

    assert comparison.problems == problems
    assert comparison.acknowledged == len(accepted)


def test_at_rest_nothing_waits_for_its_answer() -> None:
    comparison = Comparison()

    comparison.complete(ENTRIES, {"hotel": Told(ACCEPTED, ASKED)})

    assert comparison.problems == ["entry 4 was never acknowledged"]


def test_one_kill_under_load() -> None:
    """Gateway and database at once; then everything is compared."""
    found = list(rounds(1, seed=1, kinds=["everything"], workers=1))

    assert [(name, figures.problems) for name, figures, _ in found] == [
        ("kill everything", []),
        ("after all kills", []),
    ]
    assert found[-1][1].acknowledged > 0
