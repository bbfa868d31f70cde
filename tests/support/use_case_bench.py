"""Use cases through the one path of every write, on a real database and without a wire."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from importlib import resources
from typing import Any

from hypothesis.vendor.pretty import RepresentationPrinter
from sqlalchemy import Connection, Engine, text

from coalition.signing import key_id, public_bytes
from gateway.database import connect_engine
from gateway.founding import approved_key, found
from partners.activities import Activity, ActivityKey, Quantity, Spend, StatedLeg
from partners.batch import run_batch
from partners.changes import write_all
from partners.context import Command
from partners.directory import (
    AgreementTerms,
    Directory,
    Permission,
    Principal,
    PrincipalKind,
    Role,
)
from partners.directory_changes import KeyAdded, PrincipalAdded
from partners.exchange.proposals import Change
from partners.exchange.terms import RateTerms, Terms
from partners.programmes.definition import parse_definition
from partners.refusals import Reason, Refused
from partners.requests import Accepted, Answer, Request, Submission
from partners.state import MembershipKey, MembershipState
from partners.usecases import (
    accrual,
    agreements,
    exchange,
    links,
    members,
    programmes,
    rates,
)
from settlement.ledger.book import append, place, read_head
from settlement.ledger.entries import EVERYONE, Coalition, Draft
from support.coalition_day import NOON, founding_of, private_key

__all__ = ["MembershipState", "Reason"]


@dataclass(frozen=True)
class Outcome:
    """What became of one request: its entry, or why not."""

    reason: str = ""
    message: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    accepted: Accepted | None = None

    @property
    def result(self) -> Any:
        assert self.accepted is not None, f"{self.reason}: {self.message}"
        return self.accepted.decision.result

    @property
    def number(self) -> int:
        assert self.accepted is not None, f"{self.reason}: {self.message}"
        return self.accepted.entry.number

    @property
    def lines(self) -> list[tuple[str, str, str, int]]:
        assert self.accepted is not None, f"{self.reason}: {self.message}"
        return [
            (line.kind, line.debit.code, line.credit.code, line.amount)
            for line in self.accepted.decision.lines
        ]


@dataclass
class Notes:
    """Writes answers as notes, so that nothing of the wire is needed."""

    taken: dict[bytes, Outcome] = field(default_factory=dict)

    def accepted(self, request: Request, accepted: Accepted, _: Directory) -> Answer:
        return self._note(request, Outcome(accepted=accepted))

    def refused(self, request: Request, refused: Refused, _: datetime) -> Answer:
        return self._note(request, refusal(refused))

    def batch(self, _: Request, outcomes: Sequence[Answer]) -> Answer:
        return Answer("batch", b"\n".join(answer.payload for answer in outcomes), "notes")

    def item(self, batch: Answer, index: int) -> Answer:
        return Answer("note", batch.payload.split(b"\n")[index], "notes")

    def _note(self, request: Request, outcome: Outcome) -> Answer:
        name = f"{request.sender} {request.request_id} {len(self.taken)}".encode()
        self.taken[name] = outcome
        return Answer("note", name, "notes")


def refusal(refused: Refused) -> Outcome:
    return Outcome(str(refused.reason), refused.message, tuple(sorted(refused.metadata.items())))


def keyid_of(owner: str) -> str:
    return key_id(public_bytes(private_key(owner)))


@dataclass
class Bench:
    """A coalition whose requests are decided batch by batch, as the test composes them."""

    engine: Engine
    coalition: Coalition
    now: datetime = NOON
    notes: Notes = field(default_factory=Notes, repr=False)
    directory: Directory | None = field(default=None, repr=False)
    connection: Connection | None = None
    _count: int = 0

    def _repr_pretty_(self, printer: RepresentationPrinter, _: object) -> None:
        """Short: left to itself Hypothesis shows, beside the example, every answer given."""
        printer.text(f"<bench at {self.now.isoformat()}>")

    def submission(
        self, sender: str, command: Command, request_id: str | None = None
    ) -> Submission:
        self._count += 1
        request_id = request_id or f"r{self._count}"
        return Submission(
            head=Request(
                method=f"/test/{type(command).__name__}",
                sender=sender,
                request_id=request_id,
                sha256=sha256(f"{sender} {request_id} {command}".encode()).digest(),
                asks=type(command),
                command=command,
            ),
            keyid=keyid_of(sender),
            created=self.now,
            expires=self.now + timedelta(minutes=10),
            longest=timedelta(minutes=10),
            received_at=self.now,
            envelope=b"",
        )

    def batch(self, *submissions: Submission) -> list[Outcome]:
        """Decide these as one batch of the writer."""
        if self.connection is not None:
            return self._run(self.connection, submissions)
        with self.engine.begin() as connection:
            return self._run(connection, submissions)

    def _run(self, connection: Connection, submissions: Sequence[Submission]) -> list[Outcome]:
        decisions = run_batch(
            connection,
            read_head(connection, lock=True),
            self.coalition,
            self.directory,
            submissions,
            now=self.now,
            writer=self.notes,
        )
        self.directory = decisions.directory
        return [
            refusal(reply) if isinstance(reply, Refused) else self.notes.taken[reply.payload]
            for reply in decisions.replies
        ]

    def ask(self, sender: str, command: Command, request_id: str | None = None) -> Outcome:
        """Decide one request by itself."""
        return self.batch(self.submission(sender, command, request_id))[0]

    @contextmanager
    def undone(self) -> Iterator[Connection]:
        """What is decided inside is rolled back."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            self.connection = connection
            try:
                yield connection
            finally:
                self.connection = None
                transaction.rollback()
                self.directory = None

    # What a test sets up ------------------------------------------------------------------

    def admit(self, *names: str, role: Role = Role.PARTNER) -> None:
        """Participants, or persons with another role than a partner's, with a key in force."""
        for name in names:
            with self.engine.begin() as connection:
                head = read_head(connection, lock=True)
                draft = Draft("PARTNER", "operator", {}, frozenset({EVERYONE}), directory=True)
                entry = place(self.coalition, head, draft, number=head.size, now=self.now)
                append(connection, head, [entry])
                kind = PrincipalKind.OTHER if role is Role.PARTNER else PrincipalKind.PERSON
                principal = Principal(name, kind, name, frozenset({role}))
                key = approved_key(name, public_bytes(private_key(name)), "operator", self.now)
                write_all(
                    connection, [PrincipalAdded(principal, head.size), KeyAdded(key, head.size)]
                )

    def publish(self, partner: str, definition: bytes | str) -> Outcome:
        data = definition.encode() if isinstance(definition, str) else definition
        command = programmes.PublishProgramme(data, parse_definition(data))
        return self.ask(partner, command)

    def agree(self, programme: str, buyer: str, *, issuer: str | None = None, **terms: Any) -> int:
        offered = self.ask(
            issuer or programme, agreements.Offer(terms_of(programme, buyer, **terms))
        )
        number: int = offered.result.agreement.number
        assert not self.ask(buyer, agreements.Accept(number)).reason
        return number

    def rate(
        self,
        programme: str,
        rate_in: int | Fraction,
        cost_out: int | Fraction,
        fee: Fraction = Fraction(0),
        spread: Fraction = Fraction(0),
    ) -> int:
        terms = RateTerms(programme, Fraction(rate_in), Fraction(cost_out), fee, spread)
        return self.published(terms)[0]

    def published(self, *changes: Terms | Change) -> tuple[int, ...]:
        """Changes that one administrator proposed and whoever has to signed; their versions."""
        made = tuple(c if isinstance(c, Change) else Change(c) for c in changes)
        proposed = self.ask("admin-one", rates.Propose(made, "test"))
        number = proposed.result.proposal.number
        for partner in proposed.result.needs.consents:
            self.ask(partner, rates.Consent(number))
        approved = self.ask("admin-two", rates.Approve(number))
        versions: tuple[int, ...] = approved.result.versions
        return versions

    def enrol(self, programme: str, number: str, sender: str | None = None, **more: Any) -> int:
        command = enrol(programme, number, **more)
        member_id: int = self.ask(sender or programme, command).result.member_id
        return member_id

    def link(
        self, one: MembershipKey, other: MembershipKey, partners: tuple[str, str] | None = None
    ) -> None:
        first, second = partners or (one[0], other[0])
        made = self.ask(second, links.CreateLinkCode(other, one))
        linked = self.ask(first, links.Link(one, other[0], made.result.code))
        assert not linked.reason, linked

    def balance(self, member_id: int, programme: str) -> int:
        with self.engine.connect() as connection:
            row = connection.execute(
                text(
                    "select credits - debits from member_account "
                    "where member_id = :m and programme = :p"
                ),
                {"m": member_id, "p": programme},
            ).scalar()
        return int(row or 0)

    def balance_of(self, programme: str, number: str) -> int:
        """What a membership holds, inside what is undone."""
        assert self.connection is not None
        found = self.connection.execute(
            text(
                "select credits - debits from enrolment "
                "join member_account using (member_id, programme) "
                "where programme = :p and member_number = :n"
            ),
            {"p": programme, "n": number},
        ).scalar()
        return int(found or 0)

    def accounts(self, connection: Connection | None = None) -> dict[str, int]:
        """Every account's balance that is not zero: companies by code, members likewise."""
        query = text(
            "select code, credits - debits as balance from company_account union all "
            "select 'member/' || member_id || '/' || programme, credits - debits "
            "from member_account"
        )
        if connection is not None:
            return {row.code: int(row.balance) for row in connection.execute(query) if row.balance}
        with self.engine.connect() as opened:
            return self.accounts(opened)


def terms_of(
    programme: str,
    buyer: str,
    *,
    price: int | Fraction = 120,
    fee: Fraction = Fraction(1, 50),
    cap: int = 10**12,
    permissions: Sequence[Permission] = (Permission.DOUBLE_DIP,),
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    reimbursement: int | Fraction = 0,
) -> AgreementTerms:
    return AgreementTerms(
        programme,
        buyer,
        Fraction(price),
        fee,
        cap,
        frozenset(permissions),
        valid_from,
        valid_to,
        reimbursement_price=Fraction(reimbursement),
    )


def enrol(
    programme: str,
    number: str,
    *,
    tier: str = "",
    choice: str = "",
    same: MembershipKey | None = None,
) -> members.Enrol:
    return members.Enrol((programme, number), tier, choice, same)


def update(programme: str, number: str, **changes: Any) -> members.UpdateMembership:
    values = {"tier": "", "choice": "", "state": None, **changes}
    return members.UpdateMembership((programme, number), **values)


def activity(
    key: ActivityKey,
    *,
    started_at: datetime = NOON - timedelta(days=1),
    ended_at: datetime | None = None,
    spend: Sequence[tuple[str, str, int]] = (),
    quantities: Sequence[tuple[str, int]] = (),
) -> Activity:
    return Activity(
        key,
        started_at,
        ended_at,
        tuple(Spend(*part) for part in spend),
        tuple(Quantity(*part) for part in quantities),
    )


def stay(
    number: str, reference: str, minor: int = 20_000, revision: int = 1, **more: Any
) -> accrual.Accrue:
    """A stay at the hotel with its room revenue in minor units of EUR."""
    key = ActivityKey("hotel", "STAY", reference, revision)
    stated = tuple(StatedLeg(*leg) for leg in more.pop("stated", ()))
    spend = more.pop("spend", [("ROOM", "EUR", minor)])
    return accrual.Accrue(("hotel", number), activity(key, spend=spend, **more), stated)


def report(
    membership: MembershipKey,
    key: ActivityKey,
    stated: Sequence[tuple[str, str, int]] = (),
    **more: Any,
) -> accrual.Accrue:
    """Any activity of any member."""
    return accrual.Accrue(membership, activity(key, **more), tuple(StatedLeg(*s) for s in stated))


def quote(
    source: MembershipKey, target: MembershipKey, amount: int, authorization: int | None = None
) -> exchange.RequestQuote:
    return exchange.RequestQuote(source, target, amount, authorization)


def definition(
    programme: str,
    code: str,
    *,
    exponent: int = 0,
    custody: str = "gateway",
    reversal: str = "negative-balance",
    rest: str = "",
    valid_from: datetime = datetime(2000, 1, 1, tzinfo=UTC),
) -> str:
    return (
        f'schema = 1\nprogramme = "{programme}"\nname = "{programme}"\n'
        f"valid_from = {valid_from.isoformat()}\n"
        f'custody = "{custody}"\nreversal = "{reversal}"\n'
        f'[currency]\ncode = "{code}"\nexponent = {exponent}\n{rest}'
    )


def sample(name: str) -> bytes:
    return (resources.files("partners.programmes.samples") / f"{name}.toml").read_bytes()


@contextmanager
def bench(database_url: str) -> Iterator[Bench]:
    """A new coalition on a database of its own."""
    engine = connect_engine(database_url)
    coalition = found(engine, founding_of(), NOON)
    try:
        yield Bench(engine, coalition)
    finally:
        engine.dispose()


@contextmanager
def linked_bench(database_url: str) -> Iterator[Bench]:
    """A hotel and an airline with a linked member each, and a stranger to both."""
    with bench(database_url) as made:
        made.admit("hotel", "airline", "stranger")
        for partner in ("hotel", "airline"):
            made.publish(partner, sample(partner))
        made.enrol("hotel", "H1", choice="points-and-miles")
        made.enrol("airline", "A1")
        made.link(("hotel", "H1"), ("airline", "A1"))
        yield made
