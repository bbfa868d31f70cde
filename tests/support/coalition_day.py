"""A whole gateway on loopback for tests: a coalition, its administrators, and partners' clients."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from coalition.answers import Answer
from coalition.client import Client
from coalition.profile import Profile
from coalition.signing import key_id, prove_possession, public_bytes
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    common_pb2,
    exchange_pb2,
    members_pb2,
    partners_pb2,
    rates_pb2,
)
from gateway.database import connect_engine
from gateway.founding import Founding, found
from gateway.keyring import Keyring
from gateway.server import Gateway, Listen

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""When a test's day begins; its clock moves only when told to."""


def private_key(name: str) -> Ed25519PrivateKey:
    """A key of a test, always the same for a name."""
    return Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"-")[:32])


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


def founding_of(coalition_id: str = "test-coalition") -> Founding:
    """A coalition with keys and salt that are always the same."""
    return Founding(
        coalition_id=coalition_id,
        operator="operator",
        name="The Operator",
        currency="COIN",
        exponent=2,
        salt_key=b"salt" * 8,
        gateway=public_bytes(private_key("gateway")),
        administrators={
            "admin-one": public_bytes(private_key("admin-one")),
            "admin-two": public_bytes(private_key("admin-two")),
        },
    )


def keyring() -> Keyring:
    """The gateway's key in tests."""
    key = private_key("gateway")
    keyid = key_id(public_bytes(key))
    return Keyring({keyid: key}, keyid)


@contextmanager
def serving(
    engine: Engine,
    clock: Callable[[], datetime],
    checkpoint_file: Path | None = None,
    listen: Listen = Listen("127.0.0.1:0"),  # noqa: B008 - it never changes
) -> Iterator[str]:
    """A gateway on a free port of loopback, in a thread; yields its target."""
    gateway = Gateway(engine, keyring(), clock, listen, checkpoint_file)
    started: asyncio.Queue[Any] | Any = threading.Event()
    seen: dict[str, Any] = {}

    async def main() -> None:
        seen["loop"], seen["stop"] = asyncio.get_running_loop(), asyncio.Event()

        def ready(port: int) -> None:
            seen["port"] = port
            started.set()

        await gateway.serve(ready, seen["stop"])

    def body() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            seen["error"] = error
            started.set()
            raise

    thread = threading.Thread(target=body, name="gateway")
    thread.start()
    started.wait(60)
    if "port" not in seen:
        raise RuntimeError("the gateway did not start") from seen.get("error")
    try:
        yield f"127.0.0.1:{seen['port']}"
    finally:
        seen["loop"].call_soon_threadsafe(seen["stop"].set)
        thread.join()


def membership(programme: str, number: str) -> common_pb2.MembershipRef:
    return common_pb2.MembershipRef(programme=programme, member_number=number)


def fraction(value: Fraction | int | str) -> common_pb2.Fraction:
    exact = Fraction(value)
    return common_pb2.Fraction(numerator=exact.numerator, denominator=exact.denominator)


def activity_key(
    supplier: str, kind: str, reference: str, revision: int = 1
) -> common_pb2.ActivityKey:
    return common_pb2.ActivityKey(
        supplier=supplier, kind=kind, reference=reference, revision=revision
    )


def item(
    programme: str,
    number: str,
    key: common_pb2.ActivityKey,
    *,
    started_at: datetime = NOON - timedelta(days=2),
    spend: Mapping[tuple[str, str], int] | None = None,
    quantities: Mapping[str, int] | None = None,
    attributes: Mapping[str, str] | None = None,
    stated: Mapping[tuple[str, str], int] | None = None,
    request_id: str = "",
) -> accrual_pb2.AccrualItem:
    made = accrual_pb2.AccrualItem(
        request_id=request_id,
        membership=membership(programme, number),
        activity=accrual_pb2.Activity(key=key),
    )
    made.activity.started_at.FromDatetime(started_at)
    for (category, currency), minor in (spend or {}).items():
        made.activity.spend.add(
            category=category, amount=common_pb2.Amount(currency=currency, minor=minor)
        )
    for unit, count in (quantities or {}).items():
        made.activity.quantities.add(unit=unit, count=count)
    for name, value in (attributes or {}).items():
        made.activity.attributes.add(name=name, value=value)
    for (of, reason), points in (stated or {}).items():
        made.stated.add(programme=of, reason=reason, points_minor=points)
    return made


def stay(number: str, reference: str, minor: int = 20_000, **more: Any) -> accrual_pb2.AccrualItem:
    """A stay at the hotel with its room revenue in minor units of EUR."""
    return item(
        "hotel",
        number,
        activity_key("hotel", "STAY", reference),
        spend={("ROOM", "EUR"): minor},
        quantities={"NIGHT": 2},
        **more,
    )


def executed(terms: exchange_pb2.ConversionTerms) -> exchange_pb2.ConversionTerms:
    """What a quote and its execution have in common: all but the steps and the entry."""
    common = exchange_pb2.ConversionTerms()
    common.CopyFrom(terms)
    common.ClearField("steps")
    common.ClearField("conversion")
    return common


@dataclass
class Day:
    """A coalition in action. Partners are admitted by name; clients are kept per sender."""

    target: str
    profile: Profile
    clock: Clock
    engine: Engine
    stack: ExitStack = field(default_factory=ExitStack)
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, sender: str, key: Ed25519PrivateKey | None = None) -> Client:
        """The client of a sender; the same one each time unless a key is given."""
        if key is None and sender in self.clients:
            return self.clients[sender]
        made = self.stack.enter_context(
            Client(
                self.target,
                self.profile,
                sender,
                key or private_key(sender),
                clock=self.clock,
                max_wait_seconds=20,
            )
        )
        if key is None:
            self.clients[sender] = made
        return made

    def public_key(self, name: str, owner: str) -> partners_pb2.PublicKey:
        key = private_key(name)
        proof = prove_possession(key, self.profile.coalition, owner)
        return partners_pb2.PublicKey(ed25519=public_bytes(key), proof=proof)

    def admit(self, partner: str, kind: str) -> Client:
        """Register a partner by one administrator and approve its key by the other."""
        self.client("admin-one").write(
            "Partners.RegisterPartner",
            partners_pb2.RegisterPartnerRequest(
                partner=partner,
                kind=f"PARTNER_KIND_{kind}",
                name=partner.title(),
                key=self.public_key(partner, partner),
            ),
        )
        self.approve_key(partner)
        return self.client(partner)

    def approve_key(self, name: str) -> None:
        keyid = key_id(public_bytes(private_key(name)))
        self.client("admin-two").write(
            "Partners.ApproveKey", partners_pb2.ApproveKeyRequest(keyid=keyid)
        )

    def publish(self, partner: str, definition: bytes | None = None) -> Answer:
        """Publish a programme; without a definition, the sample of that name."""
        if definition is None:
            samples = resources.files("partners.programmes.samples")
            definition = (samples / f"{partner}.toml").read_bytes()
        return self.client(partner).write(
            "Partners.PublishProgramme",
            partners_pb2.PublishProgrammeRequest(definition=definition),
        )

    def agree(
        self,
        programme: str,
        buyer: str,
        *,
        price: Fraction | int | str = 120,
        fee: Fraction | int | str = Fraction(1, 50),
        cap: int = 10**12,
        permissions: tuple[str, ...] = ("DOUBLE_DIP",),
        issuer: str | None = None,
        reimbursement: Fraction | int | str = 0,
    ) -> int:
        """An agreement offered by the issuer and accepted by the buyer; its number."""
        offered = self.client(issuer or programme).write(
            "Agreements.Offer",
            agreements_pb2.OfferRequest(
                terms=agreements_pb2.AgreementTerms(
                    programme=programme,
                    buyer=buyer,
                    price=fraction(price),
                    operator_fee=fraction(fee),
                    cap_minor=cap,
                    permissions=[f"PERMISSION_{permission}" for permission in permissions],
                    reimbursement_price=fraction(reimbursement),
                )
            ),
        )
        number = offered.result_as(agreements_pb2.Agreement).agreement
        self.client(buyer).write(
            "Agreements.Accept", agreements_pb2.AcceptRequest(agreement=number)
        )
        return number

    def rate(
        self,
        programme: str,
        rate_in: Fraction | int | str,
        cost_out: Fraction | int | str,
        fee: Fraction | int | str = 0,
        spread: Fraction | int | str = 0,
    ) -> int:
        """A rate proposed by one administrator and approved by the other; its version."""
        terms = rates_pb2.RateTerms(
            programme=programme,
            rate_in=fraction(rate_in),
            cost_out=fraction(cost_out),
            fee=fraction(fee),
            spread=fraction(spread),
        )
        return self.published(rates_pb2.BookChange(rate=terms))[0]

    def published(self, *changes: rates_pb2.BookChange) -> list[int]:
        """Changes that one administrator proposed and whoever has to signed; their versions."""
        proposed = self.client("admin-one").write(
            "Rates.Propose", rates_pb2.ProposeRequest(changes=changes, reason="test")
        )
        proposal = proposed.result_as(rates_pb2.Proposal)
        for partner in proposal.needed_consents:
            consent = rates_pb2.ConsentRequest(proposal=proposal.proposal)
            self.client(partner).write("Rates.Consent", consent)
        approved = self.client("admin-two").write(
            "Rates.Approve", rates_pb2.ApproveRequest(proposal=proposal.proposal)
        )
        return list(approved.result_as(rates_pb2.Proposal).versions)

    def enrol(self, programme: str, number: str, **more: Any) -> int:
        """A new member of a programme, by its partner; the member's number."""
        answer = self.client(more.pop("sender", programme)).write(
            "Members.Enrol",
            members_pb2.EnrolRequest(membership=membership(programme, number), **more),
        )
        return answer.result_as(members_pb2.EnrolResult).member_id

    def link(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        """Link two memberships: the other's partner obtains the code, the one's uses it."""
        made = self.client(other[0]).write(
            "Members.CreateLinkCode",
            members_pb2.CreateLinkCodeRequest(
                membership=membership(*other), other=membership(*one)
            ),
        )
        self.client(one[0]).write(
            "Members.Link",
            members_pb2.LinkRequest(
                membership=membership(*one),
                other_programme=other[0],
                code=made.result_as(members_pb2.CreateLinkCodeResult).code,
            ),
        )

    def accrue(self, accrual: accrual_pb2.AccrualItem, sender: str = "hotel") -> Answer:
        return self.client(sender).write(
            "Accrual.Accrue", accrual_pb2.AccrueRequest(accrual=accrual)
        )

    def balance(self, programme: str, number: str) -> int:
        """Posted balance of a membership."""
        read = self.client(programme).read(
            "Members.GetBalances",
            members_pb2.GetBalancesRequest(membership=membership(programme, number)),
            members_pb2.Balances,
        )
        return read.balances[0].balance_minor

    def quote(
        self, source: tuple[str, str], target: tuple[str, str], amount: int, **more: Any
    ) -> exchange_pb2.ConversionTerms:
        answer = self.client(more.pop("sender", source[0])).write(
            "Exchange.Quote",
            exchange_pb2.QuoteRequest(
                source=membership(*source), target=membership(*target), amount_minor=amount, **more
            ),
        )
        return answer.result_as(exchange_pb2.ConversionTerms)

    def convert(self, quote: int, sender: str = "hotel", request_id: str | None = None) -> Answer:
        return self.client(sender).write(
            "Exchange.Convert", exchange_pb2.ConvertRequest(quote=quote), request_id
        )

    def settled_world(self) -> None:
        """Hotel, airline and card with programmes, agreements and rates, and one linked member."""
        for partner, kind in (
            ("hotel", "HOTEL"),
            ("airline", "AIRLINE"),
            ("card", "CARD_ISSUER"),
        ):
            self.admit(partner, kind)
            self.publish(partner)
        self.agree("airline", "hotel")
        self.rate("hotel", 50, 60, Fraction(1, 50), Fraction(1, 100))
        self.rate("airline", 70, 80)
        self.enrol("hotel", "H1", tier="GOLD", choice="points-and-miles")
        self.enrol("airline", "A1")
        self.link(("hotel", "H1"), ("airline", "A1"))


@contextmanager
def coalition_day(
    database_url: str, now: datetime = NOON, checkpoint_file: Path | None = None
) -> Iterator[Day]:
    """A new coalition on a database of its own, served on loopback."""
    engine, clock = connect_engine(database_url), Clock(now)
    founding = founding_of()
    found(engine, founding, clock.now)
    try:
        with serving(engine, clock, checkpoint_file) as target, ExitStack() as stack:
            yield Day(target, founding.profile, clock, engine, stack)
    finally:
        engine.dispose()
