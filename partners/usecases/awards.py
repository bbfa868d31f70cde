"""Use cases of awards: redeem points, use a voucher, take one back."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from partners.context import Context, Decision, require_active
from partners.counting import begin_to_age
from partners.postings import PURCHASED, REDEEMED, RESTORED
from partners.programme_changes import AwardUsed, VoucherAdded, VoucherChanged
from partners.programmes.catalogue import Award, AwardPrice, Buying
from partners.programmes.forms import MoneyAmount
from partners.programmes.model import Custody, ProgrammeDefinition
from partners.programmes.money import exponent_of
from partners.programmes.periods import DAY, add_span
from partners.refusals import Reason, Refused
from partners.standing import require_points_alive, reviewed
from partners.state import Membership, MembershipKey, Needs, Voucher, VoucherState
from partners.usecases.members import require_not_over, wrong_price
from settlement.ledger.amounts import checked


@dataclass(frozen=True, slots=True)
class Redeem:
    """Give a member an award for points, or points and money."""

    membership: MembershipKey
    award: str
    money: MoneyAmount | None
    buy_missing: bool

    def add_needs(self, needs: Needs) -> None:
        """The membership, and what it holds."""
        needs.memberships.add(self.membership)
        needs.standings.add(self.membership)
        needs.balances.add(self.membership)


@dataclass(frozen=True, slots=True)
class VoucherOf:
    """A voucher with its membership."""

    voucher: Voucher
    membership: Membership


def redeem(command: Redeem, context: Context) -> Decision:
    """By the programme's partner, which hands the award out and takes the money.

    1. The award is in the catalogue for this member's tier, in time, and in stock.
    2. The price is the one that the money goes with.
    3. Missing points may be bought, as far as the programme sells them.
    """
    context.require_own(command.membership[0])
    member = context.known_membership(command.membership)
    require_active(member)
    require_points_alive(member.programme, context)
    standing = reviewed(member, context)
    member = standing.membership
    definition = context.definition(member.programme)
    award = _award(command.award, member, definition, context)
    price = _price(award, command.money, member)
    asked_minor = points_minor(price.points, definition)
    bought_minor = _bought(command, asked_minor, member, definition, context)
    voucher = _voucher(award, price, asked_minor, bought_minor, member, definition, context)
    return Decision(
        kind="REDEMPTION",
        facts=_facts(voucher),
        result=VoucherOf(voucher, member),
        lines=(
            *context.book.given(PURCHASED, member.account, bought_minor),
            *context.book.returned(REDEEMED, member.account, asked_minor, rule=award.award),
        ),
        changes=(
            VoucherAdded(voucher),
            AwardUsed(member.programme, award.award, 1),
            *begin_to_age(member, bought_minor, context.number, context),
        ),
        consequences=standing.consequences,
    )


def _award(
    award_id: str, member: Membership, definition: ProgrammeDefinition, context: Context
) -> Award:
    """An award that the member may have now, or UNKNOWN_AWARD or AWARD_UNAVAILABLE."""
    award = definition.award(award_id)
    if award is None or definition.custody is not Custody.GATEWAY:
        raise Refused(
            Reason.UNKNOWN_AWARD,
            f"{definition.programme} has no award {award_id}",
            {"award": award_id},
        )
    why_not = unavailable(award, member, context)
    if why_not is not None:
        raise Refused(Reason.AWARD_UNAVAILABLE, f"award {award_id} {why_not}", {"award": award_id})
    return award


def unavailable(award: Award, member: Membership, context: Context) -> str | None:
    """Why a member may not have an award now, in words; None where it may."""
    if award.tiers is not None and member.tier not in award.tiers:
        return f"is for {', '.join(award.tiers)}, and the member has {member.tier}"
    if award.valid_from is not None and context.now < award.valid_from:
        return "is not on offer yet"
    if award.valid_to is not None and context.now >= award.valid_to:
        return "is no longer on offer"
    left = left_of(award, member, context)
    return "is out of stock" if left is not None and left <= 0 else None


def left_of(award: Award, member: Membership, context: Context) -> int | None:
    """How many there are left for a member; a part is kept for the red list. None: no limit."""
    if award.stock is None:
        return None
    used = context.state.award_usage.get((member.programme, award.award), 0)
    return max(0, award.stock - used - (0 if member.red_listed else award.reserved))


def prices_for(award: Award, member: Membership) -> list[AwardPrice]:
    """The prices of the member's tier, else those of all."""
    own = [p for p in award.prices if p.tiers is not None and member.tier in p.tiers]
    return own or [p for p in award.prices if p.tiers is None]


def _price(award: Award, money: MoneyAmount | None, member: Membership) -> AwardPrice:
    prices = prices_for(award, member)
    found = next((price for price in prices if price.money == money), None)
    if found is None:
        asked = [p.money for p in prices if p.money is not None]
        raise wrong_price(f"award {award.award}", asked[0] if asked else None)
    return found


def points_minor(points: Fraction, definition: ProgrammeDefinition) -> int:
    """Points in minor units: prices have no finer ones."""
    exponent = definition.currency.exponent if definition.currency else 0
    return int(points * 10**exponent)


def _bought(
    command: Redeem,
    points_minor: int,
    member: Membership,
    definition: ProgrammeDefinition,
    context: Context,
) -> int:
    """Missing points that are bought, 0 where none are missing."""
    in_points = partial(context.points, member.programme)
    available = max(0, context.state.available(member.account, context.now))
    missing = points_minor - available
    if missing <= 0:
        return 0
    buying = definition.buying
    if not command.buy_missing or buying is None:
        raise Refused(
            Reason.INSUFFICIENT_BALANCE,
            f"the award takes {in_points(points_minor)} points, and the member can spend "
            f"{in_points(available)}",
            {"asked": str(points_minor), "available": str(available)},
        )
    if missing > buying.at_most * points_minor:
        raise Refused(
            Reason.SHORTFALL_TOO_LARGE,
            f"{in_points(missing)} of {in_points(points_minor)} points are missing; at most "
            f"{buying.at_most * 100}% of "
            "an award may be bought",
            {"missing": str(missing), "at_most": str(buying.at_most)},
        )
    return missing


def _voucher(
    award: Award,
    price: AwardPrice,
    points_minor: int,
    bought_minor: int,
    member: Membership,
    definition: ProgrammeDefinition,
    context: Context,
) -> Voucher:
    today = context.today(member.programme)
    buying = definition.buying
    bought = (
        (_cost(bought_minor, buying, definition),) if bought_minor and buying is not None else ()
    )
    holds, cancellable = award.voucher_holds, award.cancellable
    return Voucher(
        number=context.number,
        member_id=member.member_id,
        programme=member.programme,
        award=award.award,
        tier=member.tier,
        points_minor=points_minor,
        bought_minor=bought_minor,
        money=(*(() if price.money is None else (price.money,)), *bought),
        state=VoucherState.ISSUED,
        usable_until=None if holds is None else add_span(today, holds) - DAY,
        cancellable_until=None if cancellable is None else add_span(today, cancellable) - DAY,
        earned_by=None,
    )


def _cost(bought_minor: int, buying: Buying, definition: ProgrammeDefinition) -> MoneyAmount:
    """What bought points cost, rounded up."""
    exponent = definition.currency.exponent if definition.currency else 0
    exact = Fraction(bought_minor, 10**exponent) * buying.price * 10 ** exponent_of(buying.currency)
    return MoneyAmount(buying.currency, checked(-int(-exact // 1)))


def _facts(voucher: Voucher) -> dict[str, object]:
    return {
        "voucher": str(voucher.number),
        "member": str(voucher.member_id),
        "programme": voucher.programme,
        "award": voucher.award,
        "tier": voucher.tier,
        "points": str(voucher.points_minor),
        "bought": str(voucher.bought_minor),
        "money": [[money.currency, str(money.minor)] for money in voucher.money],
        "state": str(voucher.state),
        "usable_until": voucher.usable_until and voucher.usable_until.isoformat(),
    }


@dataclass(frozen=True, slots=True)
class CancelVoucher:
    """Take an unused voucher back."""

    voucher: int

    def add_needs(self, needs: Needs) -> None:
        """The voucher with its membership."""
        needs.vouchers.add(self.voucher)


def cancel_voucher(command: CancelVoucher, context: Context) -> Decision:
    """By the programme's partner, which pays back what was paid in money.

    The member's own points return, bought ones do not: otherwise points could be bought without
    an award. A voucher of an earlier membership has gone with it.
    """
    voucher, member = _issued(command.voucher, context)
    require_not_over(member)
    require_points_alive(member.programme, context)
    if voucher.number < context.state.accounts[voucher.member_id, voucher.programme].number:
        raise _wrong_state(voucher, "is of a membership that has ended")
    today = context.today(voucher.programme)
    if voucher.cancellable_until is not None and voucher.cancellable_until < today:
        raise _wrong_state(voucher, f"could be taken back until {voucher.cancellable_until}")
    after = replace(voucher, state=VoucherState.CANCELLED)
    redeemed = voucher.points_minor > 0
    put_back = [AwardUsed(voucher.programme, voucher.award, -1)] if redeemed else []
    return Decision(
        kind="CANCELLATION",
        facts=_facts(after),
        result=VoucherOf(after, member),
        lines=tuple(
            context.book.given(
                RESTORED,
                member.account,
                voucher.points_minor - voucher.bought_minor,
                rule=voucher.award,
            )
        ),
        changes=(VoucherChanged(after), *put_back),
        corrects=voucher.number if voucher.points_minor else None,
    )


def _issued(number: int, context: Context) -> tuple[Voucher, Membership]:
    """A voucher of the sender's that can still be used, and whose it is."""
    voucher = context.state.vouchers.get(number)
    if voucher is None or not context.owns(voucher.programme):
        raise Refused(
            Reason.UNKNOWN_VOUCHER,
            f"there is no voucher {number} of yours",
            {"voucher": str(number)},
        )
    if voucher.state is not VoucherState.ISSUED:
        raise _wrong_state(voucher, f"is {voucher.state}")
    if voucher.usable_until is not None and voucher.usable_until < context.today(voucher.programme):
        raise _wrong_state(voucher, f"could be used until {voucher.usable_until}")
    member = context.state.accounts[voucher.member_id, voucher.programme]
    return voucher, context.state.standing_for(member)


def _wrong_state(voucher: Voucher, words: str) -> Refused:
    return Refused(
        Reason.VOUCHER_STATE,
        f"voucher {voucher.number} {words}",
        {"voucher": str(voucher.number), "state": voucher.state},
    )


@dataclass(frozen=True, slots=True)
class UseVoucher:
    """Use a voucher up."""

    voucher: int

    def add_needs(self, needs: Needs) -> None:
        """The voucher with its membership."""
        needs.vouchers.add(self.voucher)


def use_voucher(command: UseVoucher, context: Context) -> Decision:
    """By the programme's partner, when the award is handed out."""
    voucher, member = _issued(command.voucher, context)
    after = replace(voucher, state=VoucherState.USED)
    return Decision(
        kind="VOUCHER_USED",
        facts=_facts(after),
        result=VoucherOf(after, member),
        changes=(VoucherChanged(after),),
        business=False,
    )
