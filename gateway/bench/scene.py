"""What is measured on: a hotel and an airline, and members who take points and miles at once."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from importlib import resources

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.message import Message

from coalition.answers import open_receipt
from coalition.client import Client
from coalition.keyfiles import generate, read_key
from coalition.keyfiles import passphrase as read_passphrase
from coalition.methods import method
from coalition.profile import Profile
from coalition.requests import Signer, sent_request
from coalition.signing import key_id, prove_possession, public_bytes
from coalition.v1 import agreements_pb2, common_pb2, members_pb2, partners_pb2
from coalition.v1.envelope_pb2 import Envelope
from gateway.bench.load import Job, send
from gateway.bench.operating import passphrase_file
from gateway.home import Home

MILES_PRICE = 120
MILES_FEE = Fraction(1, 50)
CAP = 10**15

_ADMINISTRATORS = ("admin-one", "admin-two")
_PARTNERS = (("hotel", "HOTEL"), ("airline", "AIRLINE"))


@dataclass(frozen=True, slots=True)
class Scene:
    """A coalition that is ready for business: the hotel's key, and the numbers of its members."""

    profile: Profile
    hotel: Ed25519PrivateKey
    members: Sequence[str]


def play_scene(target: str, home: Home, members: int) -> Scene:
    """Partners, terms and so many members, by signed requests to a gateway.

    Raises what a client raises, and BenchError where a member could not be enrolled.
    """
    keys = {partner: generate() for partner, _ in _PARTNERS}
    secret = read_passphrase(passphrase_file(home))
    keys |= {person: read_key(home.key_path(person), secret) for person in _ADMINISTRATORS}
    profile = home.profile()
    with ExitStack() as stack:
        clients = {
            who: stack.enter_context(Client(target, profile, who, key)) for who, key in keys.items()
        }
        for partner, kind in _PARTNERS:
            _admit(clients, profile, partner, kind, keys[partner])
        _agree(clients)
    numbers = [f"H{number:07d}" for number in range(members)]
    asyncio.run(_Enrolment(target, profile, keys, numbers).run())
    return Scene(profile, keys["hotel"], numbers)


def _admit(
    clients: dict[str, Client], profile: Profile, partner: str, kind: str, key: Ed25519PrivateKey
) -> None:
    proof = prove_possession(key, profile.coalition, partner)
    public = partners_pb2.PublicKey(ed25519=public_bytes(key), proof=proof)
    one, two = (clients[person] for person in _ADMINISTRATORS)
    one.write(
        "Partners.RegisterPartner",
        partners_pb2.RegisterPartnerRequest(
            partner=partner, kind=f"PARTNER_KIND_{kind}", name=partner.title(), key=public
        ),
    )
    approval = partners_pb2.ApproveKeyRequest(keyid=key_id(public_bytes(key)))
    two.write("Partners.ApproveKey", approval)
    sample = resources.files("partners.programmes.samples") / f"{partner}.toml"
    request = partners_pb2.PublishProgrammeRequest(definition=sample.read_bytes())
    clients[partner].write("Partners.PublishProgramme", request)


def _agree(clients: dict[str, Client]) -> None:
    """The airline sells the hotel miles, and lets it give them besides its own points."""
    terms = agreements_pb2.AgreementTerms(
        programme="airline",
        buyer="hotel",
        price=common_pb2.Fraction(numerator=MILES_PRICE, denominator=1),
        operator_fee=common_pb2.Fraction(
            numerator=MILES_FEE.numerator, denominator=MILES_FEE.denominator
        ),
        cap_minor=CAP,
        permissions=[agreements_pb2.PERMISSION_DOUBLE_DIP],
    )
    offered = clients["airline"].write("Agreements.Offer", agreements_pb2.OfferRequest(terms=terms))
    number = offered.result_as(agreements_pb2.Agreement).agreement
    clients["hotel"].write("Agreements.Accept", agreements_pb2.AcceptRequest(agreement=number))


@dataclass(frozen=True, slots=True)
class _Enrolment:
    """Members of the hotel, of its highest tier, each linked to one of the airline."""

    target: str
    profile: Profile
    keys: dict[str, Ed25519PrivateKey]
    numbers: Sequence[str]

    async def run(self) -> None:
        """Enrol, obtain a code for each, and link."""
        enrol = members_pb2.EnrolRequest
        hotel, airline = (
            [common_pb2.MembershipRef(programme=of, member_number=n) for n in self.numbers]
            for of in ("hotel", "airline")
        )
        chosen = [enrol(membership=m, tier="GOLD", choice="points-and-miles") for m in hotel]
        await self._all("hotel", "Members.Enrol", chosen)
        await self._all("airline", "Members.Enrol", [enrol(membership=m) for m in airline])
        asked = [
            members_pb2.CreateLinkCodeRequest(membership=other, other=one)
            for one, other in zip(hotel, airline, strict=True)
        ]
        codes = await self._all("airline", "Members.CreateLinkCode", asked)
        links = [
            members_pb2.LinkRequest(membership=one, other_programme="airline", code=code)
            for one, code in zip(hotel, codes, strict=True)
        ]
        await self._all("hotel", "Members.Link", links)

    async def _all(self, sender: str, name: str, messages: Iterable[Message]) -> list[str]:
        """Send them all, and verify the answers; the codes that these hold, where they do."""
        found = method(name)
        signer = Signer.of(self.profile.coalition, sender, self.keys[sender])
        now = datetime.now(UTC)
        payloads = [
            signer.payload(found, message, f"{found.name}-{index}", now)
            for index, message in enumerate(messages)
        ]
        requests = [signer.envelope(found, p).SerializeToString() for p in payloads]
        job = Job(self.target, found.full_name, requests, keep_answers=True)
        sent = (await send(job)).require_all()
        results = [
            open_receipt(
                Envelope.FromString(answer), self.profile.keys, sent_request(found, payload)
            ).result
            for answer, payload in zip(sent.answers, payloads, strict=True)
        ]
        return [getattr(result, "code", "") for result in results]
