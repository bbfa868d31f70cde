"""A coalition in which every thing that a request can name is there, the hotel's and the card's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from coalition.signing import key_id, public_bytes
from coalition.v1 import (
    accrual_pb2,
    agreements_pb2,
    awards_pb2,
    exchange_pb2,
    members_pb2,
    partners_pb2,
    payments_pb2,
    rates_pb2,
    redemption_pb2,
)
from coalition.v1 import reconciliation_pb2 as pb
from gateway.founding import approved_key
from gateway.self_check import check_book
from hostile.every_method import SOON, Refs
from partners.changes import write_all
from partners.directory import Principal, PrincipalKind, Role
from partners.directory_changes import KeyAdded, PrincipalAdded
from partners.usecases.directory import key_facts
from settlement.ledger.book import append, load_coalition, place, read_head
from settlement.ledger.entries import EVERYONE, Draft
from settlement.run import settle
from support.coalition_day import (
    Day,
    activity_key,
    coalition_day,
    fraction,
    item,
    membership,
    private_key,
    stay,
)
from support.use_case_bench import definition

PARTNERS = ["hotel", "airline", "card", "vault"]

AWARDS = """
[[awards]]
award = "night"
name = "A night"
prices = [{ points = 10 }]
"""


@dataclass
class World:
    """A running gateway, what the hotel has, and what the card issuer has, who is apart."""

    day: Day
    hotel: Refs = field(default_factory=Refs)
    card: Refs = field(default_factory=Refs)

    def settle(self) -> None:
        with self.day.engine.connect() as connection:
            coalition = load_coalition(connection)
        assert coalition is not None
        settle(self.day.engine, coalition, PARTNERS, self.day.clock, lambda *_: {})


def require_sound(day: Day) -> None:
    """The gateway answers, and its whole book agrees with itself."""
    asked = partners_pb2.ListPartnersRequest()
    assert day.client("hotel").read("Partners.ListPartners", asked, partners_pb2.PartnerList)
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    problems, _ = check_book(day.engine, coalition, lambda *_: None)
    assert problems == []


@contextmanager
def hostile_world(database_url: str) -> Iterator[World]:
    """Made once and given to many tests; whatever they do, its book agrees at the end."""
    with coalition_day(database_url) as day:
        _open(day)
        world = World(day)
        world.card = _cards(day)
        world.hotel = _hotels(world)
        yield world
        require_sound(day)


def admit_person(day: Day, person: str, role: Role) -> None:
    """A person of the operator with one role alone, put into the log."""
    with day.engine.begin() as connection:
        coalition = load_coalition(connection)
        assert coalition is not None
        head = read_head(connection, lock=True)
        public = public_bytes(private_key(person))
        key = approved_key(person, public, coalition.operator, day.clock.now)
        draft = Draft(
            "KEY", coalition.operator, key_facts(key), frozenset({EVERYONE}), directory=True
        )
        entry = place(coalition, head, draft, number=head.size, now=day.clock.now)
        append(connection, head, [entry])
        principal = Principal(person, PrincipalKind.PERSON, person, frozenset({role}))
        write_all(connection, [PrincipalAdded(principal, head.size), KeyAdded(key, head.size)])


def _open(day: Day) -> None:
    """Four partners; the card issuer deals with a member of the airline's that nobody else has."""
    day.admit("vault", "OTHER")
    day.settled_world()
    day.publish("hotel", definition("resort", "RESORT", rest=AWARDS).encode())
    day.publish("vault", definition("vault", "VAULT", custody="partner").encode())
    day.rate("vault", 50, 60)
    day.rate("card", 50, 60)
    for programme, number in (
        *(("hotel", f"H{n}") for n in range(2, 6)),
        *(("card", f"K{n}") for n in range(1, 4)),
        ("airline", "A9"),
        ("vault", "V1"),
        ("resort", "R1"),
    ):
        day.enrol(programme, number, sender={"resort": "hotel"}.get(programme, programme))
    day.enrol("operator", "C1", sender="admin-one")
    day.link(("card", "K1"), ("airline", "A9"))
    day.link(("hotel", "H1"), ("vault", "V1"))


def _cards(day: Day) -> Refs:
    spent = item(
        "card",
        "K1",
        activity_key("card", "CARD_SPEND", "own"),
        spend={("CARD", "EUR"): 100_000},
    )
    number = day.accrue(spent, sender="card").receipt.number
    return Refs(
        membership=("card", "K1"),
        sibling=("card", "K2"),
        target=("airline", "A9"),
        programme="card",
        activity=("card", "CARD_SPEND", "another"),
        quote=day.quote(("card", "K1"), ("airline", "A9"), 100).quote,
        window=1,
        settlement=1,
        entry=number,
        keyid=key_id(public_bytes(private_key("card"))),
        participant="card",
    )


def _hotels(world: World) -> Refs:
    """What the hotel has, none of which concerns the card issuer."""
    day = world.day
    first = accrual_pb2.AccrueRequest(accrual=stay("H1", "foreign", 100_000))
    accrued = day.client("hotel").write("Accrual.Accrue", first, "foreign-request")
    waiting = day.quote(("hotel", "H1"), ("vault", "V1"), 100)
    conversion = day.convert(waiting.quote).receipt.number
    voucher, merge, hold = _voucher(day), _merge(day), _held(day)
    world.settle()
    reconciliation, found = _reconciled(day)
    return Refs(
        membership=("hotel", "H1"),
        sibling=("hotel", "H4"),
        target=("airline", "A1"),
        programme="hotel",
        activity=("hotel", "STAY", "foreign"),
        agreement=_offered(day),
        authorization=_authorized(day),
        quote=day.quote(("hotel", "H1"), ("airline", "A1"), 100).quote,
        hold=hold,
        conversion=conversion,
        merge=merge,
        voucher=voucher,
        payment=(1, "hotel", "airline"),
        settlement=1,
        window=1,
        proposal=_proposed(day),
        abort=_abort(day),
        reconciliation=reconciliation,
        break_ref=found,
        entry=accrued.receipt.number,
        keyid=_spare_key(day),
        request_id="foreign-request",
        participant="hotel",
    )


def _spare_key(day: Day) -> str:
    """A key of the hotel's that waits to be approved; nothing is lost with it."""
    key = day.public_key("hotel-spare", "hotel")
    day.client("hotel").write("Partners.RegisterKey", partners_pb2.RegisterKeyRequest(key=key))
    return key_id(key.ed25519)


def _voucher(day: Day) -> int:
    """A voucher of the hotel's second programme."""
    guest = membership("resort", "R1")
    key = activity_key("hotel", "STAY", "resort")
    day.accrue(item("resort", "R1", key, stated={("resort", "BASE"): 50}))
    redeem = awards_pb2.RedeemRequest(membership=guest, award="night")
    answer = day.client("hotel").write("Awards.Redeem", redeem)
    return answer.result_as(awards_pb2.Voucher).voucher


def _merge(day: Day) -> int:
    request = members_pb2.MergeRequest(
        kept=membership("hotel", "H2"), merged=membership("hotel", "H3")
    )
    answer = day.client("hotel").write("Members.Merge", request)
    return answer.result_as(members_pb2.MergeResult).merge


def _authorized(day: Day) -> int:
    request = exchange_pb2.AuthorizeDebitRequest(
        source=membership("hotel", "H1"),
        target=membership("airline", "A1"),
        grantee="airline",
        amount_minor=1,
        expires_at=SOON,
    )
    answer = day.client("hotel").write("Exchange.AuthorizeDebit", request)
    return answer.receipt.number


def _offered(day: Day) -> int:
    terms = agreements_pb2.AgreementTerms(
        programme="airline", buyer="hotel", price=fraction(1), cap_minor=1
    )
    offer = agreements_pb2.OfferRequest(terms=terms)
    answer = day.client("airline").write("Agreements.Offer", offer)
    return answer.result_as(agreements_pb2.Agreement).agreement


def _held(day: Day) -> int:
    """Shared currency that is held for the airline."""
    day.agree("operator", "airline", issuer="admin-one", permissions=("REDEEM",), reimbursement=1)
    gift = activity_key("operator", "GIFT", "foreign")
    stated = {("operator", "BASE"): 50}
    day.accrue(item("operator", "C1", gift, stated=stated), sender="admin-one")
    request = redemption_pb2.AuthorizeRequest(
        membership=membership("operator", "C1"),
        merchant="airline",
        amount_minor=5,
        reference="foreign",
    )
    answer = day.client("admin-one").write("Redemption.Authorize", request)
    return answer.result_as(redemption_pb2.Hold).hold


def _proposed(day: Day) -> int:
    terms = rates_pb2.RateTerms(programme="hotel", rate_in=fraction(40), cost_out=fraction(60))
    request = rates_pb2.ProposeRequest(changes=[rates_pb2.BookChange(rate=terms)], reason="test")
    answer = day.client("admin-one").write("Rates.Propose", request)
    return answer.result_as(rates_pb2.Proposal).proposal


def _abort(day: Day) -> int:
    request = payments_pb2.ProposeAbortRequest(settlement=1, reason="test")
    return day.client("admin-one").write("Payments.ProposeAbort", request).receipt.number


def _reconciled(day: Day) -> tuple[int, tuple[int, int]]:
    """A record of the hotel's with a row that the ledger does not have, and the break of it."""
    client, row = day.client("hotel"), pb.RecordRow(reference="x", date="2026-03-01")
    row.amount_minor = 250
    opened = client.write(
        "Reconciliation.Open",
        pb.OpenReconciliationRequest(
            window=1, file_sha256=b"f" * 32, rows=1, total_minor=250, time_zone="UTC"
        ),
    )
    number = opened.result_as(pb.ReconciliationState).reconciliation
    client.write(
        "Reconciliation.AddRows", pb.AddRowsRequest(reconciliation=number, chunk=1, rows=[row])
    )
    client.write("Reconciliation.Conclude", pb.ConcludeRequest(reconciliation=number))
    found = client.read("Breaks.ListBreaks", pb.ListBreaksRequest(), pb.BreakList).breaks[0]
    return number, (found.break_number, found.item)
