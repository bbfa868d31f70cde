"""A world on a database: set up once by signed requests, and copied for each history."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from coalition.answers import Answer, open_receipt
from coalition.methods import method
from coalition.profile import Profile
from coalition.requests import Signer, sent_request
from coalition.v1 import rates_pb2
from coalition.v1.envelope_pb2 import Envelope
from gateway.database import connect_engine
from gateway.founding import found
from settlement.ledger.book import read_head
from simulation.letters import number_of
from simulation.oracle.books import Holder
from simulation.oracle.oracle import Oracle
from simulation.process import Parcel, Process
from simulation.world import OPERATOR, PARTNERS, SENDER, START, Rate, World, definition, world_of
from support.coalition_day import Clock, Day, founding_of, private_key

PROFILE: Profile = founding_of("simulated-coalition").profile
KINDS = {"hotel": "HOTEL", "airline": "AIRLINE", "card": "CARD_ISSUER"}


@dataclass
class LocalClient:
    """What a partner's client does, in one process with the gateway."""

    process: Process
    sender: str
    count: list[int]

    def write(self, name: str, message: Message, request_id: str | None = None) -> Answer:
        """An accepted answer; whatever else comes is an error of the simulation."""
        self.count[0] += 1
        of = method(name)
        signer = Signer.of(PROFILE.coalition, self.sender, private_key(self.sender))
        written = request_id or f"setup-{self.count[0]}"
        payload = signer.payload(of, message, written, self.process.clock())
        data = signer.envelope(of, payload).SerializeToString()
        reply = self.process.batch([Parcel(of, data)])[0]
        if not isinstance(reply, Envelope):
            raise TypeError(f"{name}: {reply}")
        return open_receipt(reply, PROFILE.keys, sent_request(of, payload))


@dataclass
class LocalDay(Day):
    """A coalition's day without a wire."""

    process: Process | None = None
    count: list[int] = field(default_factory=lambda: [0])

    def client(self, sender: str, _key: Ed25519PrivateKey | None = None) -> Any:
        assert self.process is not None
        return LocalClient(self.process, sender, self.count)


@contextmanager
def administration(url: str) -> Iterator[Connection]:
    """A connection for what no transaction may do."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def local_day(process: Process, clock: Clock, engine: Engine) -> LocalDay:
    return LocalDay("", PROFILE, clock, engine, process=process)


def _set_up(world: World, url: str) -> dict[Holder, int]:
    """Found it and agree on everything; the members' numbers."""
    engine, clock = connect_engine(url), Clock(START)
    found(engine, founding_of(PROFILE.coalition), START)
    with administration(url) as killer:
        process = Process(url, clock, killer)
        day = local_day(process, clock, engine)
        try:
            return dict(_agreed(world, day))
        finally:
            process.stop()
            engine.dispose()


def _agreed(world: World, day: LocalDay) -> Iterator[tuple[Holder, int]]:
    for name in PARTNERS:
        day.admit(name, KINDS.get(name, "OTHER"))
    for name in sorted(PARTNERS, key=["rail", "airline", "wallet", "hotel", "card"].index):
        day.publish(name, definition(world, name).encode())
    for deal in world.deals.values():
        day.agree(
            deal.programme,
            deal.buyer,
            price=deal.price,
            fee=deal.fee,
            cap=deal.cap,
            permissions=tuple(sorted(deal.permissions)),
            issuer=SENDER.get(deal.programme),
            reimbursement=deal.reimbursement,
        )
    for name, rate in world.rates.items():
        reprice(day, name, rate)
    for name, limit in world.limits.items():
        terms = rates_pb2.Limits(
            participant=name,
            net_debit_cap_minor=limit.cap,
            prefunded_minor=limit.prefunded,
            reserve_minor=limit.reserve,
            alert_percents=limit.alerts,
        )
        day.published(rates_pb2.BookChange(limits=terms))
    yield from _members(world, day)


def reprice(day: Day, name: str, rate: Rate) -> None:
    day.rate(name, rate.rate_in, rate.cost_out, rate.fee, rate.spread)


def _members(world: World, day: LocalDay) -> Iterator[tuple[Holder, int]]:
    """Everybody is enrolled, and a person's memberships are linked each with each."""
    for person in world.persons:
        keys = [(name, number_of(name, person.number)) for name in person.programmes]
        for name, number in keys:
            more = {}
            if name == "hotel":
                more = {"tier": "GOLD" if person.gold else "MEMBER", "choice": person.choice}
            member = day.enrol(name, number, sender=SENDER.get(name, name), **more)
            yield (person.number, name), member
        for place, one in enumerate(keys):
            for other in keys[place + 1 :]:
                _link(day, one, other)


def _link(day: LocalDay, one: tuple[str, str], other: tuple[str, str]) -> None:
    """As Day.link does, where the operator's programme is called as its administrator is not."""
    if OPERATOR in {one[0], other[0]}:
        day = _AsOperator(
            day.target, day.profile, day.clock, day.engine, process=day.process, count=day.count
        )
    day.link(one, other)


class _AsOperator(LocalDay):
    def client(self, sender: str, key: Ed25519PrivateKey | None = None) -> Any:
        return super().client(SENDER.get(sender, sender), key)


@dataclass(frozen=True)
class Founded:
    """A world on a database of its own, as it was set up."""

    world: World
    url: str
    oracle: Oracle


@dataclass
class Worlds:
    """Worlds that were set up on one server, each a template for the histories in it.

    `template` is a migrated and empty database.
    """

    server: str
    template: str
    prefix: str = field(default_factory=lambda: f"world_{uuid4().hex[:8]}")
    known: dict[int, Oracle] = field(default_factory=dict)

    @contextmanager
    def copy_of(self, number: int) -> Iterator[Founded]:
        """A world of a history's own."""
        with administration(self.server) as connection:
            template = self._template(connection, number)
            with self._database(connection, f"{template}_run", template) as url:
                oracle = self.known[number]
                yield Founded(oracle.world, url, oracle.copy())

    def _template(self, connection: Connection, number: int) -> str:
        name = f"{self.prefix}_{number}"
        if number not in self.known:
            world = world_of(number)
            connection.execute(text(f"create database {name} template {self.template}"))
            url = self._url(name)
            members = _set_up(world, url)
            engine = connect_engine(url)
            with engine.connect() as opened:
                head = read_head(opened)
            engine.dispose()
            oracle = Oracle.of(world, members, head.size, head.accepted_at)
            oracle.books.busy = True  # members were enrolled in the first window
            self.known[number] = oracle
        return name

    @contextmanager
    def _database(self, connection: Connection, name: str, template: str) -> Iterator[str]:
        connection.execute(text(f"create database {name} template {template}"))
        try:
            yield self._url(name)
        finally:
            connection.execute(text(f"drop database {name} with (force)"))

    def _url(self, name: str) -> str:
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def drop(self) -> None:
        """Leave the server as it was."""
        with administration(self.server) as connection:
            for number in self.known:
                name = f"{self.prefix}_{number}"
                connection.execute(text(f"drop database {name} with (force)"))
        self.known.clear()
