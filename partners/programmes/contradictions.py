"""What is wrong with a definition that no field shows by itself."""

from collections.abc import Callable, Iterator, Sequence

from partners.programmes.earning_contradictions import earning_contradictions
from partners.programmes.findings import Finding, not_there, repeated, unknown
from partners.programmes.lapsing import ExpiryBy
from partners.programmes.levels import Keep
from partners.programmes.model import Custody, JoiningWay, ProgrammeDefinition
from partners.programmes.money import EXPONENTS
from partners.programmes.tier_contradictions import tier_contradictions


def contradictions(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Everything in a definition that contradicts something else in it."""
    for find in _FINDERS:
        yield from find(definition)


def _currency(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """The currency, and what needs one."""
    currency = definition.currency
    if currency is not None:
        if currency.code in EXPONENTS:
            yield Finding(
                ("currency", "code"),
                f"is {currency.code}, which is money",
                "take a code that ISO 4217 does not have",
            )
        if definition.custody is Custody.GATEWAY:
            return
    lacking = (
        "needs points, and the programme has no [currency]"
        if currency is None
        else "needs balances that are kept by the gateway"
    )
    for key in ("awards", "buying", "expiry"):
        if getattr(definition, key):
            yield Finding((key,), lacking, f"remove {key}, or give the programme what it needs")


def _fine_points(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Points of this programme that are finer than its minor unit: they would be rounded."""
    if definition.currency is None:
        return
    exponent = definition.currency.exponent
    own = [
        (("earn", index, key), getattr(rule, key))
        for index, rule in enumerate(definition.earn)
        if definition.earns(rule) == definition.programme
        for key in ("minimum", "maximum", "budget", "cap_per_member", "cap_per_day")
    ]
    prices = [
        (("awards", index, "prices", place, "points"), price.points)
        for index, award in enumerate(definition.awards)
        for place, price in enumerate(award.prices)
    ]
    for path, points in (*own, *prices):
        if points is not None and (points * 10**exponent).denominator != 1:
            problem = f"is {points}, and {definition.currency.code} has {exponent} decimals"
            remedy = "write points that the currency has, or give it more decimals"
            yield Finding(path, problem, remedy)


def _joining(definition: ProgrammeDefinition) -> Iterator[Finding]:
    joining = definition.joining
    if (JoiningWay.PURCHASE in joining.ways) != (joining.price is not None):
        yield Finding(
            ("joining", "price"),
            "goes with the way of joining that is bought",
            'state a price and "purchase" among the ways, or neither',
        )


def _names(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Ids that stand twice."""
    yield from repeated(("tiers", "name"), [tier.name for tier in definition.tiers])
    yield from repeated(("choices", "id"), [choice.id for choice in definition.choices])
    yield from repeated(("earn", "rule"), [rule.rule for rule in definition.earn])
    yield from repeated(("awards", "award"), [award.award for award in definition.awards])
    yield from repeated(("benefits", "benefit"), [b.benefit for b in definition.benefits])
    awards = [award.award for award in definition.awards]
    vouchers = [voucher.voucher for voucher in definition.vouchers]
    yield from repeated(("vouchers", "voucher"), vouchers, awards)


def _tier_names(definition: ProgrammeDefinition) -> Iterator[Finding]:
    """Tiers that are named where they hold for something."""
    known = [tier.name for tier in definition.tiers]
    for table in ("earn", "awards", "vouchers", "benefits"):
        for index, item in enumerate(getattr(definition, table)):
            yield from unknown((table, index, "tiers"), "tier", item.tiers, known)
    for index, award in enumerate(definition.awards):
        for place, price in enumerate(award.prices):
            where = ("awards", index, "prices", place, "tiers")
            yield from unknown(where, "tier", price.tiers, known)
    if definition.expiry:
        exempt = definition.expiry.exempt_tiers
        yield from unknown(("expiry", "exempt_tiers"), "tier", exempt, known)


def _expiry(definition: ProgrammeDefinition) -> Iterator[Finding]:
    expiry = definition.expiry
    if expiry and expiry.by is ExpiryBy.AGE and expiry.activities is not None:
        problem = "keep points alive by activity, and these expire by age"
        yield Finding(("expiry", "activities"), problem, 'remove it, or write by = "inactivity"')


def _succession(definition: ProgrammeDefinition) -> Iterator[Finding]:
    replaces = definition.replaces
    if replaces is None:
        return
    known = [tier.name for tier in definition.tiers]
    for old, new in replaces.tiers.items():
        if new not in known:
            yield not_there(("replaces", "tiers", old), "tier", new, known)
    if replaces.programme == definition.programme:
        path = ("replaces", "programme")
        yield Finding(path, "is this programme itself", "name the old programme")


def _vouchers(definition: ProgrammeDefinition) -> Iterator[Finding]:
    summed = sorted({c.counter for c in definition.counters if c.keep is Keep.SUM})
    for index, voucher in enumerate(definition.vouchers):
        if voucher.counter not in summed:
            path = ("vouchers", index, "counter")
            yield not_there(path, "counter that sums up", voucher.counter, summed)


def _awards(definition: ProgrammeDefinition) -> Iterator[Finding]:
    for index, award in enumerate(definition.awards):
        if award.reserved > (award.stock or 0):
            path = ("awards", index, "reserved")
            yield Finding(path, "is more than the stock", "state a stock of at least that many")
        if award.valid_from and award.valid_to and award.valid_to <= award.valid_from:
            path = ("awards", index, "valid_to")
            yield Finding(path, "is not after valid_from", "let it end later")


def _choices(definition: ProgrammeDefinition) -> Iterator[Finding]:
    for index, choice in enumerate(definition.choices):
        for place, programme in enumerate(choice.programmes):
            if programme == definition.programme or programme in choice.programmes[:place]:
                path = ("choices", index, "programmes", place)
                problem = "is this programme, or stands there a second time"
                yield Finding(path, problem, "name other programmes, each once")


_FINDERS: Sequence[Callable[[ProgrammeDefinition], Iterator[Finding]]] = (
    _currency,
    _fine_points,
    _joining,
    _names,
    _tier_names,
    tier_contradictions,
    earning_contradictions,
    _expiry,
    _succession,
    _vouchers,
    _awards,
    _choices,
)
