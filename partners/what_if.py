"""The question what if: proposed changes replayed over the conversions of the last windows.

Rules, with an example: docs/WHAT_IF.md.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from partners.directory import Directory, Role
from partners.exchange.crossing import Crossing, Walk, limited
from partners.exchange.proposals import Change
from partners.exchange.replaying import Past, Programmes, Replay, Tally
from partners.exchange_store import quote_of
from partners.queries import Asker
from partners.refusals import Reason, Refused, invalid
from partners.state import State
from partners.usecases.proposed import require_fitting
from settlement.ledger.amounts import INT64_MAX
from settlement.ledger.book import read_head

DEFAULT_WINDOWS = 7
MOST_WINDOWS = 400
"""A year of nightly windows and more."""

MOST_CONVERSIONS = 50_000
"""Replayed at once, the newest: some seconds of one thread of the gateway, and less than clients
wait for an answer."""

MOST_ENTRIES = 2_000_000
"""Newest entries whose lines are summed where somebody has limits: seconds of the database."""

PAGE = 1_000
"""Conversions read at a time; no more than these are kept in memory."""

DECIDERS = frozenset({Role.ADMINISTRATOR, Role.RATE_ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Span:
    """A window: where it begins, and when it opened."""

    window: int
    first_number: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What to replay: a proposal, or changes that nobody proposed yet; over how many windows."""

    proposal: int
    changes: tuple[Change, ...]
    windows: int


@dataclass(frozen=True, slots=True)
class WouldHaveBeen:
    """The answer: the windows, oldest first; sums before and after; limits crossed."""

    windows: tuple[int, ...]
    tally: Tally
    crossings: tuple[Crossing, ...]
    left_out: int
    """Older conversions of these windows, beyond what is replayed at once."""


def what_if(
    connection: Connection, asker: Asker, asked: WhatIf, spans: Sequence[Span]
) -> WouldHaveBeen:
    """Replay the conversions of the last windows. `spans` are all windows, oldest first.

    1. Whoever decides about rates asks, for 1 to 400 windows, about changes that fit.
    2. What was accepted from the first of these windows on is replayed, page by page, in order.
    3. Where somebody has limits, everybody's net debits are walked along with it.
    """
    _require_decider(asker)
    changes = _changes(asker, asked)
    replayed = spans[-_windows(asked.windows) :]
    replay = Replay.of(_programmes(asker.directory), asker.directory.book, changes)
    part = _part(connection, replayed[0].first_number, read_head(connection).size, replay)
    tally, walking = Tally(), None
    for page in _pages(connection, part, spans):
        if walking is None:
            walking = _Walking.begun(connection, asker.directory, replay, page[0].number)
        walking.take(page, tally)
    _require_countable(tally)
    return WouldHaveBeen(
        windows=tuple(span.window for span in replayed),
        tally=tally,
        crossings=() if walking is None else walking.crossings(),
        left_out=part.left_out,
    )


def _require_decider(asker: Asker) -> None:
    if not asker.directory.principals[asker.sender].roles & DECIDERS:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            f"{asker.sender} does not decide about rates, and so may not try them out",
        )


def _windows(asked: int) -> int:
    if asked > MOST_WINDOWS:
        raise invalid("windows", f"are {asked}; at most {MOST_WINDOWS} are replayed")
    return asked or DEFAULT_WINDOWS


def _changes(asker: Asker, asked: WhatIf) -> tuple[Change, ...]:
    """Those of the proposal, whatever became of it; or those given, if they name what is there."""
    if bool(asked.proposal) == bool(asked.changes):
        raise invalid("proposal", "or changes are asked about: one of them, and not both")
    if asked.proposal:
        proposal = asker.directory.proposals.get(asked.proposal)
        if proposal is None:
            raise Refused(
                Reason.UNKNOWN_PROPOSAL,
                f"there is no proposal {asked.proposal}",
                {"proposal": str(asked.proposal)},
            )
        return proposal.changes
    context = asker.context(State())
    for place, change in enumerate(asked.changes):
        require_fitting(change.terms, f"changes[{place}]", asked.changes, context)
    return asked.changes


@dataclass(frozen=True, slots=True)
class _Part:
    """Of the log what is replayed: from a number on and below another."""

    first: int
    end: int
    left_out: int


_START = text(
    "select coalesce(min(number), :first) from (select number from conversion "
    "where number >= :first and number < :end order by number desc limit :most) as newest"
)
_OLDER = text("select count(*) from conversion where number >= :first and number < :start")


def _part(connection: Connection, first: int, end: int, replay: Replay) -> _Part:
    """The windows, or as much of their end as is replayed at once."""
    bounds = {"first": first, "end": end, "most": MOST_CONVERSIONS}
    start: int = connection.execute(_START, bounds).scalar_one()
    if limited(replay.book, replay.proposed):
        start = max(start, end - MOST_ENTRIES)
    older = connection.execute(_OLDER, {"first": first, "start": start})
    return _Part(start, end, older.scalar_one())


def _require_countable(tally: Tally) -> None:
    """Every sum can be told in 64 bits."""
    for sums in (tally.nets, tally.fees, tally.outstanding):
        for name, before, after in sums.rows():
            if max(abs(before), abs(after)) > INT64_MAX:
                raise Refused(
                    Reason.OVERFLOW,
                    f"the sums of {name} do not fit into 64 bits; ask for fewer windows",
                )


def _programmes(directory: Directory) -> Programmes:
    return Programmes(
        issuers={name: programme.partner for name, programme in directory.programmes.items()},
        exponents=directory.exponents,
        shared=directory.shared_programme,
        operator=directory.coalition.operator,
    )


_PAGE = text(
    "select c.number as conversion, c.accepted_at, c.state as stands, c.returned_source_minor, "
    "c.returned_target_minor, e.accepted_at as quoted_at, q.* "
    "from conversion c join quote q on q.number = c.quote join entry e on e.number = c.quote "
    "where c.number > :after and c.number < :end order by c.number limit :page"
)


def _pages(connection: Connection, part: _Part, spans: Sequence[Span]) -> Iterator[list[Past]]:
    """Conversions in order, with when the window opened in which each was quoted."""
    begun = [span.first_number for span in spans]
    after = part.first - 1
    while True:
        bounds = {"after": after, "end": part.end, "page": PAGE}
        rows = connection.execute(_PAGE, bounds).all()
        if not rows:
            return
        after = rows[-1].conversion
        yield [_past(row, spans[bisect_right(begun, row.number) - 1].opened_at) for row in rows]


def _past(row: Any, opened_at: datetime) -> Past:  # noqa: ANN401 - a row
    """A conversion from its row; one that was taken back came back whole."""
    whole = row.stands in {"REFUSED", "TIMED_OUT"}
    return Past(
        number=row.conversion,
        quote=quote_of(row),
        accepted_at=row.accepted_at,
        quoted_at=row.quoted_at,
        window_opened_at=opened_at,
        returned_source_minor=row.source_minor if whole else row.returned_source_minor,
        returned_target_minor=row.target_minor if whole else row.returned_target_minor,
    )


@dataclass
class _Walking:
    """Counts page by page, and walks the net debits of whoever has limits."""

    connection: Connection
    currency: str
    replay: Replay
    participants: list[str]
    after: int
    walk: Walk

    @classmethod
    def begun(
        cls, connection: Connection, directory: Directory, replay: Replay, first: int
    ) -> "_Walking":
        """Before the first conversion."""
        currency = directory.coalition.currency
        participants = sorted(limited(replay.book, replay.proposed))
        before = _net_debits(connection, currency, participants, first) if participants else {}
        walk = Walk(replay.book, replay.proposed, before)
        return cls(connection, currency, replay, participants, first - 1, walk)

    def take(self, page: Sequence[Past], tally: Tally) -> None:
        """Replay a page."""
        moved = self._moved([past.number for past in page])
        for place, past in enumerate(page):
            replayed = self.replay.replayed(past)
            tally.add(replayed)
            if self.participants:
                self.walk.step(past, replayed, moved.get(place, {}))
        self.after = page[-1].number

    def crossings(self) -> tuple[Crossing, ...]:
        """In the order in which they would have happened."""
        found = self.walk.crossings.values()
        return tuple(sorted(found, key=lambda c: (c.number, c.participant)))

    def _moved(self, numbers: Sequence[int]) -> dict[int, dict[str, int]]:
        """By how much net debits grew up to each of these entries, since the one before."""
        moved: dict[int, dict[str, int]] = {}
        if not self.participants:
            return moved
        rows = self.connection.execute(
            _MOVED,
            {
                "numbers": list(numbers),
                "after": self.after,
                "last": numbers[-1],
                "currency": self.currency,
                "participants": self.participants,
            },
        )
        for row in rows:
            moved.setdefault(row.place, {})[row.owner] = int(row.owing)
        return moved


_OWNER = (
    "split_part(split_part(code, '/', case when code ^@ 'clearing/' then 3 else 2 end), ':', 1)"
)
"""Whose a clearing or settlement account is, by its code."""

_BETWEEN_COMPANIES = "(code ^@ 'clearing/' or code ^@ 'settlement/')"

_NET_DEBITS = text(
    f"select {_OWNER} as owner, sum(owing) as owing from ("  # noqa: S608 - the parts are above
    "select code, debits::numeric - credits as owing from company_account "
    "where currency = :currency "
    "union all select side.code, side.owing from line "
    "cross join lateral (values (debit, -amount), (credit, amount)) as side(code, owing) "
    "where number >= :first and currency = :currency"
    f") as moved where {_BETWEEN_COMPANIES} and {_OWNER} = any(:participants) group by 1"
)
"""As the accounts stand, without what was booked since: one statement sees one state of both."""

_MOVED = text(
    "select width_bucket(number - 1, cast(:numbers as bigint[])) as place, "  # noqa: S608
    f"{_OWNER} as owner, sum(owing) as owing from line "
    "cross join lateral (values (debit, amount), (credit, -amount)) as side(code, owing) "
    "where number > :after and number <= :last and currency = :currency "
    f"and {_BETWEEN_COMPANIES} and {_OWNER} = any(:participants) group by 1, 2"
)


def _net_debits(
    connection: Connection, currency: str, participants: Sequence[str], first: int
) -> Mapping[str, int]:
    """What each owed on balance over all that is not settled, before an entry."""
    rows = connection.execute(
        _NET_DEBITS,
        {"currency": currency, "participants": list(participants), "first": first},
    )
    return {row.owner: int(row.owing) for row in rows}
