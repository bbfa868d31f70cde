"""A reversal follows points that were converted since, as far as they are still there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from partners.context import Context, Decision
from partners.counting import age_no_more
from partners.exchange.returning import source_for, target_for
from partners.exchange_changes import ConversionChanged
from partners.standing import points_alive
from partners.state import AccountKey, Conversion, ConversionState
from settlement.ledger.accounts import Account

MAX_HOPS = 5
"""Conversions one after the other that are followed. Each costs the member fee, spread and what is
rounded: after five little is left to be found. Each is also a round of queries for the batch."""

MAX_CONVERSIONS = 100
"""Conversions that one reversal looks at, the newest first. Each that is taken back is an entry of
its own, and the whole batch waits for them; a member converts some times a month at the most.
What is beyond falls to the programme's policy, as what is spent does."""


@dataclass(frozen=True, slots=True)
class Due:
    """Points that an entry credited to an account, and that their holder is to give back now."""

    credited: AccountKey
    holder: AccountKey
    points_minor: int


@dataclass(frozen=True, slots=True)
class Returned:
    """What of one conversion was taken back, in minor units of either side."""

    conversion: int
    source: AccountKey
    target: AccountKey
    source_minor: int
    target_minor: int


@dataclass
class Trail:
    """What a reversal takes back of conversions.

    `there` is what holders can give, in minor units: at first of the accounts that the reversal
    itself takes from, less what it takes.
    """

    context: Context
    there: dict[AccountKey, int]
    touched: dict[int, Conversion] = field(default_factory=dict)
    """Conversions as they will be, by number."""
    looked_at: int = 0

    def bring_back(
        self, credited: AccountKey, number: int, wanted: int, path: tuple[AccountKey, ...]
    ) -> int:
        """Bring points back that an entry gave an account, at least as many where they are there.

        Of conversions that its holders made since, the newest first. `path` are the holders for
        whom something is brought: nothing is taken from them, for it would go in a circle.
        Gives how many came.
        """
        came = 0
        if len(path) > MAX_HOPS:
            return came
        for conversion in self._newest_first(credited, number):
            if came >= wanted or self.looked_at >= MAX_CONVERSIONS:
                break
            self.looked_at += 1
            came += self._take_back(conversion, wanted - came, path)
        return came

    def net_of(self, holder: AccountKey) -> int:
        """What a holder has more (or less) by what was taken back, in minor units."""
        net = 0
        for returned in self.returned():
            if self._holder(returned.source) == holder:
                net += returned.source_minor
            if self._holder(returned.target) == holder:
                net -= returned.target_minor
        return net

    def returned(self) -> tuple[Returned, ...]:
        """What was taken back of each conversion, the newest first: whoever gives has it then."""
        return tuple(
            Returned(
                number,
                after.source,
                after.target,
                after.returned_source_minor - before.returned_source_minor,
                after.returned_target_minor - before.returned_target_minor,
            )
            for number, after in sorted(self.touched.items(), reverse=True)
            for before in [self.context.state.conversions[number]]
        )

    def entries(self) -> tuple[Decision, ...]:
        """The events of what was taken back."""
        return tuple(self._entry(returned) for returned in self.returned())

    def _newest_first(self, credited: AccountKey, number: int) -> Iterator[Conversion]:
        state = self.context.state
        numbers = {
            made
            for holder, since in state.holders(credited, number).items()
            for made in state.converted.get(holder, ())
            if made > since
        }
        for made in sorted(numbers, reverse=True):
            yield self.touched.get(made, state.conversions[made])

    def _take_back(self, conversion: Conversion, wanted: int, path: tuple[AccountKey, ...]) -> int:
        """As much of a conversion as is wanted and there; gives what came of its source."""
        if not self._is_followable(conversion):
            return 0
        holder = self._holder(conversion.target)
        if holder in path:
            return 0
        c, whole = conversion, (conversion.source_minor, conversion.target_minor)
        before = self.there.copy(), self.touched.copy()
        aim = min(c.returned_source_minor + wanted, c.source_minor)
        short = target_for(*whole, aim) - c.returned_target_minor - self._there(holder)
        if short > 0:
            came = self.bring_back(c.target, c.number, short, (*path, holder))
            self.there[holder] += came
        reachable = min(c.target_minor, c.returned_target_minor + self._there(holder))
        aim = min(aim, source_for(*whole, reachable))
        if aim <= c.returned_source_minor:  # what is there is worth less than a unit of the source
            self.there, self.touched = before
            return 0
        taken = target_for(*whole, aim)
        returned = source_for(*whole, taken)
        self.there[holder] -= taken - c.returned_target_minor
        self.touched[c.number] = replace(
            c, returned_source_minor=returned, returned_target_minor=taken
        )
        return returned - c.returned_source_minor

    def _is_followable(self, conversion: Conversion) -> bool:
        """Whether the gateway knows where the target's points are, and they are points yet.

        A conversion that waits for the target's partner, or that this partner keeps in its own
        system, is not to be taken back here. What a member had who left is gone, also where they
        came again.
        """
        state, lines = self.context.state, self.context.state.lines.get(conversion.number)
        target = state.accounts.get(conversion.target)
        return (
            conversion.state is ConversionState.COMPLETED
            and conversion.returned_source_minor < conversion.source_minor
            and target is not None
            and target.number <= conversion.number
            and points_alive(target.programme, self.context)
            and self.context.book.holder(conversion.target).member_id is not None
            and lines is not None
            and not any(_is_kept_elsewhere(line.credit) for line in lines)
        )

    def _holder(self, account: AccountKey) -> AccountKey:
        state = self.context.state
        return state.standing_for(state.accounts[account]).account

    def _there(self, holder: AccountKey) -> int:
        if holder not in self.there:
            available = self.context.state.available(holder, self.context.now)
            self.there[holder] = max(0, available)
        return self.there[holder]

    def _entry(self, returned: Returned) -> Decision:
        """The event of a conversion of which something was taken back.

        Both issuers are told how much, and neither whose.
        """
        context, after = self.context, self.touched[returned.conversion]
        before = after.returned_target_minor - returned.target_minor
        source, target = returned.source[1], returned.target[1]
        lines = context.state.lines[returned.conversion]
        return Decision(
            kind="CONVERSION_REVERSED",
            facts={
                "conversion": str(returned.conversion),
                "because": str(context.number),
                "source": [source, str(returned.source_minor)],
                "target": [target, str(returned.target_minor)],
            },
            result=None,
            facts_parties=frozenset({context.book.issuer(source), context.book.issuer(target)}),
            lines=tuple(
                context.book.taken_back(
                    lines, before, after.returned_target_minor, context.held_now
                )
            ),
            changes=(
                ConversionChanged(after),
                *age_no_more(after.target, returned.target_minor, after.accepted_at, context),
            ),
            corrects=returned.conversion,
        )


def _is_kept_elsewhere(account: Account) -> bool:
    return account.code.startswith("external/")


def follow(due: Iterable[Due], number: int, context: Context) -> Trail:
    """Follow what an entry gave and its holders no longer have, in whatever it was turned into.

    What they have counts first, also points that are held back: so they can be taken back as well.
    """
    points: dict[AccountKey, int] = {}
    credited: dict[AccountKey, AccountKey] = {}
    for item in due:
        points[item.holder] = points.get(item.holder, 0) + item.points_minor
        credited[item.holder] = item.credited
    state = context.state
    posted = {holder: max(0, state.posted(holder)) for holder in points}
    there = {
        holder: max(0, min(state.available(holder, context.now), posted[holder] - wanted))
        for holder, wanted in points.items()
    }
    trail = Trail(context, there)
    for holder, wanted in points.items():
        if wanted > posted[holder]:
            missing = wanted - posted[holder]
            trail.bring_back(credited[holder], number, missing, (holder,))
    return trail
