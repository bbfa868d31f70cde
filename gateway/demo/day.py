"""The day: what partners, administrators and members do in it."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Self

from google.protobuf.message import Message

from coalition.activity_files.mapping import FileMapping
from coalition.activity_files.reading import members_in
from coalition.activity_files.sending import SendReport, send_file
from coalition.answers import Answer
from coalition.client import Client
from coalition.errors import Refused
from coalition.profile import Profile
from coalition.receipt_file import ReceiptFile
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
from gateway.demo.scene import ADMINISTRATORS, CLOCK, PARTNERS, demo_clock, demo_key

MILES_PRICE = 120
MILES_FEE = Fraction(1, 50)
"""The hotel buys a mile at 1.20 shared units; the operator takes 2 % of that."""

CAP = 10**12

RATES = (
    ("hotel", Fraction(50), Fraction(55), Fraction(1, 50), Fraction(1, 100)),
    ("airline", Fraction(75), Fraction(80), Fraction(1, 50), Fraction(0)),
    ("card", Fraction(40), Fraction(45), Fraction(0), Fraction(0)),
)
"""Programme, rate in, cost out (shared minor units per point), fee and spread."""

USD_VALUE = Fraction(9, 10)
"""Cents for a minor unit of the shared currency."""

DOUBLE_DIPPERS = 3
"""Every third member of the hotel takes points and miles; the others take points."""

CONVERTERS = 10
"""Every tenth double dipper turns points into miles at the end of the day."""

CONVERTED_SHARE = 2
"""They convert half of what they hold."""

CARD_HOLDERS = 5
"""Members of the airline who also hold the card, and turn its points into miles."""

CARD_SPEND_MINOR = 123_456
"""What each of them spends on it: 1,234.56 EUR."""

TOO_MUCH = 10**9
"""More points than anybody holds."""


@dataclass(frozen=True)
class ActivityFile:
    """A file of what happened, whose it is, and what its columns mean."""

    sender: str
    path: Path
    mapping: FileMapping

    @cached_property
    def members(self) -> list[str]:
        """Member numbers that it names, sorted."""
        return sorted(members_in(self.path, self.mapping))


@dataclass
class DayReport:
    """What a day came to, counted by the clients that played it."""

    activities: int = 0
    refused: int = 0
    seconds: float = 0.0
    converted: int = 0
    members: int = 0
    sent: dict[str, SendReport] = field(default_factory=dict)

    @property
    def accruals_per_second(self) -> int:
        """Activities of the files that counted, by the time that sending them took."""
        accepted = sum(report.accepted for report in self.sent.values())
        return round(accepted / self.seconds) if self.seconds else 0


Progress = Callable[[str, int, int], None]


class DemoDay:
    """Plays the day; every call is a signed request of one participant or administrator."""

    def __init__(self, target: str, profile: Profile, out: Path, progress: Progress) -> None:
        """Clients keep their receipts in `out`, one file each."""
        self._target = target
        self._profile = profile
        self._out = out
        self._progress = progress
        self._stack = ExitStack()
        self._clients: dict[str, Client] = {}
        self._requests = 0
        self.report = DayReport()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def senders(self) -> list[str]:
        """Who took part so far."""
        return sorted(self._clients)

    def receipts_path(self, sender: str) -> Path:
        """Where a sender keeps its receipts."""
        return self._out / f"receipts-{sender}.jsonl"

    def client(self, sender: str) -> Client:
        """The client of a sender."""
        if sender not in self._clients:
            receipts = self._stack.enter_context(ReceiptFile(self.receipts_path(sender)))
            self._clients[sender] = self._stack.enter_context(
                Client(
                    self._target,
                    self._profile,
                    sender,
                    demo_key(sender),
                    receipts=receipts,
                    clock=demo_clock,
                ),
            )
        return self._clients[sender]

    def _write(self, sender: str, method: str, message: Message) -> Answer:
        self._requests += 1
        return self.client(sender).write(method, message, f"demo-{self._requests:06}")

    def found_partners(self) -> None:
        """Partners are registered by one administrator and approved by the other."""
        for done, (partner, kind, name) in enumerate(PARTNERS, 1):
            self._admit(partner, kind, name)
            self._publish(partner)
            self._progress("Partners join", done, len(PARTNERS))
        self._agree()
        for programme, rate_in, cost_out, fee, spread in RATES:
            self._rate(programme, rate_in, cost_out, fee, spread)
        value = rates_pb2.MoneyValue(currency="USD", per_shared_minor=_fraction(USD_VALUE))
        self._enter(rates_pb2.BookChange(money_value=value), "what the shared currency is worth")

    def _admit(self, partner: str, kind: str, name: str) -> None:
        public = public_bytes(demo_key(partner))
        proof = prove_possession(demo_key(partner), self._profile.coalition, partner)
        self._write(
            ADMINISTRATORS[0],
            "Partners.RegisterPartner",
            partners_pb2.RegisterPartnerRequest(
                partner=partner,
                kind=f"PARTNER_KIND_{kind}",
                name=name,
                key=partners_pb2.PublicKey(ed25519=public, proof=proof),
            ),
        )
        approval = partners_pb2.ApproveKeyRequest(keyid=key_id(public))
        self._write(ADMINISTRATORS[1], "Partners.ApproveKey", approval)

    def _publish(self, partner: str) -> None:
        sample = resources.files("partners.programmes.samples") / f"{partner}.toml"
        request = partners_pb2.PublishProgrammeRequest(definition=sample.read_bytes())
        self._write(partner, "Partners.PublishProgramme", request)

    def _agree(self) -> None:
        """The airline lets the hotel give miles: both sign."""
        terms = agreements_pb2.AgreementTerms(
            programme="airline",
            buyer="hotel",
            price=_fraction(Fraction(MILES_PRICE)),
            operator_fee=_fraction(MILES_FEE),
            cap_minor=CAP,
            permissions=[agreements_pb2.PERMISSION_DOUBLE_DIP],
        )
        offered = self._write(
            "airline", "Agreements.Offer", agreements_pb2.OfferRequest(terms=terms)
        )
        number = offered.result_as(agreements_pb2.Agreement).agreement
        accepted = agreements_pb2.AcceptRequest(agreement=number)
        self._write("hotel", "Agreements.Accept", accepted)

    def _rate(
        self,
        programme: str,
        rate_in: Fraction,
        cost_out: Fraction,
        fee: Fraction,
        spread: Fraction,
    ) -> None:
        terms = rates_pb2.RateTerms(
            programme=programme,
            rate_in=_fraction(rate_in),
            cost_out=_fraction(cost_out),
            fee=_fraction(fee),
            spread=_fraction(spread),
        )
        self._enter(rates_pb2.BookChange(rate=terms), "the demo's opening rate")

    def _enter(self, change: rates_pb2.BookChange, reason: str) -> None:
        """A change of the rate book, proposed by one administrator and approved by the other."""
        proposed = self._write(
            ADMINISTRATORS[0],
            "Rates.Propose",
            rates_pb2.ProposeRequest(changes=[change], reason=reason),
        )
        number = proposed.result_as(rates_pb2.Proposal).proposal
        approval = rates_pb2.ApproveRequest(proposal=number)
        self._write(ADMINISTRATORS[1], "Rates.Approve", approval)

    def enrol_members(self, files: Sequence[ActivityFile]) -> None:
        """Every member that the files name; every third of the hotel's takes miles as well."""
        numbers = {file.sender: file.members for file in files}
        hotel, airline = numbers.get("hotel", []), numbers.get("airline", [])
        dippers = set(hotel[::DOUBLE_DIPPERS])
        total = len(hotel) + len(airline)
        for done, number in enumerate(airline, 1):
            self._enrol("airline", number)
            self._progress("Members enrol", done, total)
        for done, number in enumerate(hotel, len(airline) + 1):
            if number in dippers:
                self._enrol_with_miles(number)
            else:
                self._enrol("hotel", number)
            self._progress("Members enrol", done, total)
        self.report.members = total + len(dippers)

    def _enrol(self, programme: str, number: str, choice: str = "") -> None:
        request = members_pb2.EnrolRequest(membership=_member(programme, number), choice=choice)
        self._write(programme, "Members.Enrol", request)

    def _enrol_with_miles(self, number: str) -> None:
        self._enrol("airline", _linked_number(number))
        self._enrol("hotel", number, "points-and-miles")
        self._link(("hotel", number), ("airline", _linked_number(number)))

    def _link(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        """The other's partner obtains a code, the member carries it, the one's partner links."""
        made = self._write(
            other[0],
            "Members.CreateLinkCode",
            members_pb2.CreateLinkCodeRequest(membership=_member(*other), other=_member(*one)),
        )
        self._write(
            one[0],
            "Members.Link",
            members_pb2.LinkRequest(
                membership=_member(*one),
                other_programme=other[0],
                code=made.result_as(members_pb2.CreateLinkCodeResult).code,
            ),
        )

    def send(self, file: ActivityFile) -> None:
        """A partner sends its activity file, in signed batches."""
        label = f"{file.sender} sends {file.path.name}"
        began = time.perf_counter()
        report = send_file(
            self.client(file.sender),
            file.path,
            file.mapping,
            on_progress=lambda sent: self._progress(label, sent.done_bytes, sent.total_bytes or 0),
        )
        self.report.seconds += time.perf_counter() - began
        self.report.activities += report.accepted
        self.report.refused += report.refused.total()
        self.report.sent[file.sender] = report

    def convert_some(self, file: ActivityFile) -> None:
        """Some of the linked members turn half of their points into miles."""
        chosen = file.members[::DOUBLE_DIPPERS][::CONVERTERS]
        for done, number in enumerate(chosen, 1):
            member, receiver = ("hotel", number), ("airline", _linked_number(number))
            amount = self._balance(*member) // CONVERTED_SHARE
            if amount:
                self._convert(member, receiver, amount)
            self._progress("Members convert", done, len(chosen))

    def use_cards(self, file: ActivityFile) -> None:
        """Some of the airline's members pay by card, and turn the card's points into miles."""
        holders = file.members[:CARD_HOLDERS]
        for done, number in enumerate(holders, 1):
            card = f"card-{number}"
            self._enrol("card", card)
            self._link(("card", card), ("airline", number))
            self._accrue_spend(card)
            self._convert(("card", card), ("airline", number), self._balance("card", card))
            self._progress("Cards are used", done, len(holders))

    def _accrue_spend(self, card: str) -> None:
        key = common_pb2.ActivityKey(supplier="card", kind="CARD_SPEND", reference=f"{card}/1")
        spend = accrual_pb2.Spend(
            category="CARD",
            amount=common_pb2.Amount(currency="EUR", minor=CARD_SPEND_MINOR),
        )
        self._accrue("card", card, accrual_pb2.Activity(key=key, spend=[spend]))

    def _accrue(
        self, programme: str, number: str, activity: accrual_pb2.Activity
    ) -> accrual_pb2.AccrueRequest:
        """Report one activity that happened right now; gives the request."""
        activity.started_at.FromDatetime(CLOCK)
        item = accrual_pb2.AccrualItem(membership=_member(programme, number), activity=activity)
        request = accrual_pb2.AccrueRequest(accrual=item)
        self._write(programme, "Accrual.Accrue", request)
        self.report.activities += 1
        return request

    def _balance(self, programme: str, number: str) -> int:
        read = self.client(programme).read(
            "Members.GetBalances",
            members_pb2.GetBalancesRequest(membership=_member(programme, number)),
            members_pb2.Balances,
        )
        return read.balances[0].balance_minor

    def _convert(self, source: tuple[str, str], target: tuple[str, str], amount: int) -> None:
        request = self._quote(source, target, amount)
        self._write(source[0], "Exchange.Convert", request)
        self.report.converted += 1

    def _quote(
        self, source: tuple[str, str], target: tuple[str, str], amount: int
    ) -> exchange_pb2.ConvertRequest:
        """A quote, and the request that would execute it."""
        quoted = self._write(
            source[0],
            "Exchange.Quote",
            exchange_pb2.QuoteRequest(
                source=_member(*source), target=_member(*target), amount_minor=amount
            ),
        )
        quote = quoted.result_as(exchange_pb2.ConversionTerms).quote
        return exchange_pb2.ConvertRequest(quote=quote)

    def reverse_one(self, file: ActivityFile) -> None:
        """A stay is reported by mistake, and taken back: every leg of it, in one entry."""
        key = common_pb2.ActivityKey(supplier="hotel", kind="STAY", reference="mistake/1")
        spend = accrual_pb2.Spend(
            category="ROOM", amount=common_pb2.Amount(currency="EUR", minor=20_000)
        )
        activity = accrual_pb2.Activity(key=key, spend=[spend])
        self._accrue("hotel", file.members[0], activity)
        request = accrual_pb2.ReverseRequest(activity=key, reason="reported by mistake")
        self._write("hotel", "Accrual.Reverse", request)

    def try_what_is_refused(self, file: ActivityFile) -> list[str]:
        """Reports an activity twice and spends too much; gives the reasons for the refusals."""
        number = file.members[0]
        key = common_pb2.ActivityKey(supplier="hotel", kind="STAY", reference="walk-in/1")
        earns_nothing = self._accrue("hotel", number, accrual_pb2.Activity(key=key))
        source, target = ("hotel", number), ("airline", _linked_number(number))
        too_much = self._quote(source, target, TOO_MUCH)
        return [
            self._refused("hotel", "Accrual.Accrue", earns_nothing),
            self._refused("hotel", "Exchange.Convert", too_much),
        ]

    def _refused(self, sender: str, method: str, message: Message) -> str:
        try:
            self._write(sender, method, message)
        except Refused as refused:
            self.report.refused += 1
            return refused.reason
        text = f"{method} was expected to be refused"
        raise RuntimeError(text)


def _fraction(value: Fraction) -> common_pb2.Fraction:
    return common_pb2.Fraction(numerator=value.numerator, denominator=value.denominator)


def _member(programme: str, number: str) -> common_pb2.MembershipRef:
    return common_pb2.MembershipRef(programme=programme, member_number=number)


def _linked_number(number: str) -> str:
    """The airline's number of a hotel's member."""
    return f"of-{number}"
