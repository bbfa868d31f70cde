"""Evidence of a random coalition, collected over the wire, and ways to alter it."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coalition.evidence_fetch import Fetch
from coalition.evidence_folder import Folder, envelope_of, to_base64
from coalition.records import facts_digest, line_digest, lines_root
from coalition.signing import key_id, public_bytes, sign
from coalition.v1.envelope_pb2 import Envelope, FeedRecord
from coalition.verifying import Evidence, Report, verify
from settlement.ledger.entries import canonical
from support.coalition_day import Day, coalition_day, private_key
from support.random_business import SENDERS, World

SEED = 20261128
WINDOWS = 3


@contextmanager
def settled_business(
    database_url: str, windows: int = WINDOWS, acts: int = 40
) -> Iterator[tuple[Day, World]]:
    """A coalition with some windows of business behind it, and a little in the open one."""
    with coalition_day(database_url) as day:
        world = World(day, random.Random(SEED))
        world.found()
        for _ in range(windows):
            for _ in range(acts):
                world.act()
            day.clock.forward(minutes=3)
            world.settle()
        for _ in range(5):
            world.act()
        yield day, world


def fetch(
    day: Day, me: str, path: Path, window: int | None = None, kept: Iterable[Path] = ()
) -> Folder:
    """A participant's evidence, as `coalition evidence fetch` collects it."""
    folder = Folder(path)
    client = day.client(SENDERS[me])
    Fetch(client, day.profile, me, folder, nothing).run(window, tuple(kept))
    return folder


def nothing(what: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def verified(day: Day, folder: Folder, **more: Any) -> Report:
    """What `coalition verify` says."""
    return verify(Evidence(folder, day.profile, **more), nothing)


Lines = list[dict[str, Any]]


def edit_lines(path: Path, edit: Callable[[Lines], Lines]) -> None:
    """Change a file of JSON lines."""
    lines = edit([json.loads(line) for line in path.read_text().splitlines()])
    path.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))


def record_of(line: Mapping[str, Any]) -> FeedRecord:
    """The signed record in a line of the feed."""
    return FeedRecord.FromString(envelope_of(line).payload)


def place_of(folder: Folder, kind: str, wants: str = "") -> int:
    """Index of the last entry of a kind in a closed window's span, with a line that has a text."""
    lines = [json.loads(line) for line in folder.feed.read_text().splitlines()]
    records = [record_of(line).record for line in lines]
    kinds = [json.loads(record.entry)["kind"] for record in records]
    last_cut = len(kinds) - kinds[::-1].index("CUT")
    return max(
        index
        for index, record in enumerate(records[:last_cut])
        if kinds[index] == kind
        and (not wants or any(wants.encode() in line.line for line in record.lines))
    )


@dataclass(frozen=True)
class Forger:
    """Signs what it likes: as the gateway, or as somebody else."""

    key: str = "gateway"

    def sign(self, record: FeedRecord) -> dict[str, Any]:
        """A line of the feed with this record."""
        key, payload = private_key(self.key), record.SerializeToString(deterministic=True)
        kind = "application/vnd.coalition.v1.FeedRecord"
        envelope = Envelope(payload_type=kind, payload=payload)
        envelope.signatures.add(sig=sign(key, kind, payload), keyid=key_id(public_bytes(key)))
        return {"number": record.number, "envelope": to_base64(envelope.SerializeToString())}

    def altered(
        self,
        line: Mapping[str, Any],
        change: Callable[[dict[str, Any]], None],
        wants: str = "clearing/",
    ) -> dict[str, Any]:
        """A record with another first line of its kind, every digest computed anew."""
        made = record_of(line)
        record, entry = made.record, json.loads(made.record.entry)
        shown = next(each for each in record.lines if wants.encode() in each.line)
        fields = json.loads(shown.line)
        change(fields)
        shown.line = canonical(fields)
        record.digests[shown.index] = line_digest(shown.salt, shown.line)
        entry["lines_root"] = lines_root(record.digests).hex()
        record.entry = canonical(entry)
        return self.sign(made)

    def with_facts(
        self, line: Mapping[str, Any], change: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """A record with other facts, every digest computed anew."""
        made = record_of(line)
        record, entry = made.record, json.loads(made.record.entry)
        facts = json.loads(record.facts)
        change(facts)
        record.facts = canonical(facts)
        entry["facts"] = facts_digest(record.facts_salt, record.facts).hex()
        record.entry = canonical(entry)
        return self.sign(made)
