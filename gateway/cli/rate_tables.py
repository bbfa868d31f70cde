"""The rate book as tables: rates, pairs, and everything else, in whole points and units."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from coalition.v1 import common_pb2, rates_pb2
from gateway.cli import output
from gateway.cli.output import Cell
from gateway.cli.points import MINOR, Decimals
from gateway.cli.types import in_major, per_point, plain
from partners.programmes.money import exponent_of, in_words

Change = rates_pb2.BookChange
Column = tuple[str, Callable[[Change], Cell]]

_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Shown:
    """Figures of the book for people. `shared` is the exponent of the shared currency."""

    shared: int
    known: Decimals

    def rate(self, programme: str, rate: common_pb2.Fraction) -> Cell:
        """Shared units for a point."""
        exponent = self.known.by_programme.get(programme)
        if exponent is None:
            return f"{plain(value(rate))}{MINOR}" if rate.denominator else ""
        return per_point(rate, self.shared, exponent)

    def ratio(self, terms: rates_pb2.PairTerms) -> str:
        """Points of the source to points of the target: 3:1."""
        exponents = self.known.by_programme
        scale = Fraction(10 ** exponents.get(terms.source, 0), 10 ** exponents.get(terms.target, 0))
        ratio = value(terms.ratio) * scale
        return f"{ratio.denominator}:{ratio.numerator}"

    def points(self, programme: str, minor: int) -> Cell:
        """Points, nothing for none."""
        return self.known.in_programme(minor, programme) if minor else ""

    def coins(self, minor: int) -> str:
        """Shared units."""
        return in_major(minor, self.shared)

    def bonuses(self, terms: rates_pb2.PairTerms) -> str:
        """Steps with who pays for them."""
        return "; ".join(
            f"{self.points(terms.target, step.bonus_target_minor)} for each "
            f"{self.points(terms.source, step.every_source_minor)}, by {step.funder}"
            for step in terms.bonuses
        )

    def fee(self, terms: rates_pb2.PairTerms) -> str:
        """Money for a point, and the cap."""
        fee = terms.fee
        if not terms.HasField("fee"):
            return ""
        decimals = Fraction(
            10 ** self.known.by_programme.get(terms.source, 0), 10 ** exponent_of(fee.currency)
        )
        cap = f", at most {in_words(fee.cap_minor, fee.currency)}" if fee.cap_minor else ""
        return f"{plain(value(fee.per_source_minor) * decimals)} {fee.currency} a point{cap}"

    def caps(self, terms: rates_pb2.PairTerms) -> str:
        """Caps that there are."""
        found = (
            (name.removesuffix("_minor").replace("_", " "), getattr(terms.caps, name))
            for name in terms.caps.DESCRIPTOR.fields_by_name
        )
        return ", ".join(f"{n} {self.points(terms.source, cap)}" for n, cap in found if cap)

    def money_value(self, terms: rates_pb2.MoneyValue) -> str:
        """Money for a shared unit."""
        scale = Fraction(10**self.shared, 10 ** exponent_of(terms.currency))
        return f"{plain(value(terms.per_shared_minor) * scale)} {terms.currency}"


def value(fraction: common_pb2.Fraction) -> Fraction:
    """A fraction of the contract; absent: 0."""
    return Fraction(fraction.numerator, fraction.denominator or 1)


def part(fraction: common_pb2.Fraction) -> str:
    """A part of one, as it is kept."""
    return plain(value(fraction))


def span(seconds: int) -> str:
    """A length of time in the largest unit that is exact; nothing for none."""
    for unit, name in _SPANS:
        if seconds and seconds % unit == 0:
            count = seconds // unit
            return f"{count} {name}{'s' if count > 1 else ''}"
    return ""


def _columns(shown: Shown) -> dict[str, tuple[str, list[Column]]]:
    """Title and columns of each kind of change, by its field in the contract."""
    return {
        "rate": (
            "Rates, in shared units per point",
            [
                ("programme", lambda c: c.rate.programme),
                ("in", lambda c: shown.rate(c.rate.programme, c.rate.rate_in)),
                ("out", lambda c: shown.rate(c.rate.programme, c.rate.cost_out)),
                ("fee", lambda c: part(c.rate.fee)),
                ("spread", lambda c: part(c.rate.spread)),
            ],
        ),
        "pair": (
            "Pairs and offers, source:target, price in shared units per point of the target",
            _pair_columns(shown),
        ),
        "money_value": (
            "What a shared unit is worth",
            [("value", lambda c: shown.money_value(c.money_value))],
        ),
        "guard_rails": (
            "Guard rails: beyond them a second approval is needed",
            [
                ("largest change", lambda c: _per_cent(c.guard_rails)),
                ("least notice", lambda c: span(c.guard_rails.notice_seconds)),
            ],
        ),
        "limits": (
            "Limits of what may be owed, in shared units",
            [
                ("participant", lambda c: c.limits.participant),
                ("cap", lambda c: shown.coins(c.limits.net_debit_cap_minor)),
                ("prefunded", lambda c: shown.coins(c.limits.prefunded_minor)),
                ("reserve", lambda c: shown.coins(c.limits.reserve_minor)),
                ("alerts", lambda c: ", ".join(f"{a} %" for a in c.limits.alert_percents)),
            ],
        ),
        "safeguards": ("Safeguards of conversions", _safeguard_columns(shown)),
        "resumption": (
            "Pairs that convert again",
            [
                ("source", lambda c: c.resumption.source),
                ("target", lambda c: c.resumption.target),
            ],
        ),
    }


def _pair_columns(shown: Shown) -> list[Column]:
    return [
        ("source", lambda c: c.pair.source),
        ("target", lambda c: c.pair.target),
        ("offer", lambda c: c.pair.offer),
        ("ratio", lambda c: shown.ratio(c.pair)),
        ("price", lambda c: shown.rate(c.pair.target, c.pair.settlement_price)),
        ("least", lambda c: shown.points(c.pair.source, c.pair.minimum_minor)),
        ("steps of", lambda c: shown.points(c.pair.source, c.pair.increment_minor)),
        ("bonus", lambda c: shown.bonuses(c.pair)),
        ("fee", lambda c: shown.fee(c.pair)),
        ("caps", lambda c: shown.caps(c.pair)),
        ("once", lambda c: "yes" if c.pair.once_per_member else ""),
        ("shortfall", lambda c: c.pair.shortfall_funder),
    ]


def _safeguard_columns(shown: Shown) -> list[Column]:
    def points(name: str) -> Callable[[Change], Cell]:
        return lambda c: shown.points(c.safeguards.programme, getattr(c.safeguards, name))

    return [
        ("programme", lambda c: c.safeguards.programme or "all others"),
        ("most at once", points("ceiling_minor")),
        ("least", points("minimum_minor")),
        ("times a day", lambda c: c.safeguards.daily_count or ""),
        ("most a day", points("daily_minor")),
        ("link older than", lambda c: span(c.safeguards.link_cooling_seconds)),
        ("points older than", lambda c: span(c.safeguards.earned_cooling_seconds)),
    ]


def _per_cent(rails: rates_pb2.GuardRails) -> str:
    if not rails.HasField("largest_change"):
        return "any"
    return f"{plain(value(rails.largest_change) * 100)} %"


def show_changes(
    entries: Iterable[tuple[Sequence[Cell], Change]], before: Sequence[str], shown: Shown
) -> None:
    """A table for each kind of change. `before` names the cells that stand before each."""
    by_kind: dict[str, list[tuple[Sequence[Cell], Change]]] = {}
    for cells, change in entries:
        by_kind.setdefault(str(change.WhichOneof("change")), []).append((cells, change))
    for kind, (title, columns) in _columns(shown).items():
        found = by_kind.get(kind)
        if found:
            names = [*before, *(name for name, _ in columns), "from", "to"]
            rows = ([*cells, *_row(change, columns)] for cells, change in found)
            _show(title, names, rows)


def _row(change: Change, columns: Sequence[Column]) -> list[Cell]:
    instants = output.instant(change.effective_from), output.instant(change.effective_to)
    return [*(cell(change) for _, cell in columns), *instants]


def _show(title: str, names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table without the columns in which nothing stands."""
    listed = [list(row) for row in rows]
    kept = [i for i in range(len(names)) if any(row[i] not in ("", None) for row in listed)]
    output.show_table(title, [names[i] for i in kept], ([row[i] for i in kept] for row in listed))


def show_book(book: rates_pb2.RateBook, shown: Shown) -> None:
    """Everything in a book."""
    entries = (((v.version, v.proposal, v.withdrawn or ""), v.change) for v in book.versions)
    show_changes(entries, ("version", "proposal", "withdrawn by"), shown)
    if book.stops:
        rows = (
            (s.stop, s.source, s.target, output.instant(s.stopped_at), *_why(s)) for s in book.stops
        )
        names = ("stop", "source", "target", "at", "by", "reason", "lifted by")
        _show("Stops, and what lifted them", names, rows)
    if not (book.versions or book.stops):
        output.note("Nothing of that is in the rate book.")


def _why(stop: rates_pb2.PairStop) -> tuple[Cell, ...]:
    return stop.stopped_by, stop.reason, stop.lifted or ""


def proposal_rows(proposal: rates_pb2.Proposal) -> list[tuple[str, str]]:
    """A proposal but for its changes, as fields with their values."""
    rows: list[tuple[str, Any]] = [
        ("proposal", proposal.proposal),
        ("state", state(proposal)),
        ("changes", kinds(proposal.changes)),
        ("reason", proposal.reason),
        ("proposed by", proposal.proposed_by),
        ("approved by", ", ".join(proposal.approved_by)),
        ("signed by", ", ".join(proposal.consents)),
        ("ended by", proposal.ended_by),
        ("because", proposal.end_reason),
        *(("needs", need) for need in needs(proposal)),
        ("versions", ", ".join(map(str, proposal.versions))),
    ]
    return [(name, str(told)) for name, told in rows if told]


def state(proposal: rates_pb2.Proposal) -> str:
    """How far it is."""
    name = rates_pb2.ProposalState.Name(proposal.state)
    return output.enum_name(name, "PROPOSAL_STATE_")


def needs(proposal: rates_pb2.Proposal) -> list[str]:
    """What it still waits for."""
    return list(proposal.needs)


def kinds(changes: Sequence[Change]) -> str:
    """How many of what: 2 rates, 3 pairs."""
    counts: dict[str, int] = {}
    for change in changes:
        name = str(change.WhichOneof("change")).replace("_", " ")
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{count} {name}" for name, count in counts.items())
