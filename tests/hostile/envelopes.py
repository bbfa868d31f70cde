"""Valid signed envelopes of every method, and attacks that make others of them.

What an attack may come to is said once, by its `Kind`; `hostile.judging` holds answers against it.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from coalition.ed25519_points import ORDER
from coalition.methods import METHODS, Method
from coalition.methods import Kind as MethodKind
from coalition.signing import sign
from coalition.v1.envelope_pb2 import Envelope
from hostile.every_method import REQUESTS
from hostile.mutations import splice, spliced_fields, spoil_bytes, spoil_fields
from hostile.protowire import BYTES, Field, encoded, taken_apart, varint
from hostile.world import World
from support.coalition_day import private_key
from support.raw_calls import Forge, Wire

SENDERS = {
    "Partners.RegisterPartner": "admin-one",
    "Partners.ApproveKey": "admin-one",
    "Payments.ProposeAbort": "admin-one",
    "Payments.ApproveAbort": "admin-two",
    "Payments.WithdrawAbort": "admin-one",
    "Breaks.WriteOff": "admin-one",
    "Rates.Propose": "admin-one",
    "Rates.Approve": "admin-two",
    "Rates.Reject": "admin-two",
    "Rates.Withdraw": "admin-one",
    "Rates.StopPair": "admin-one",
    "Rates.WhatIf": "admin-one",
    "Liabilities.GetFloat": "admin-one",
    "Redemption.Authorize": "admin-one",
    "Redemption.Capture": "airline",
    "Redemption.Void": "airline",
    "Redemption.Refund": "airline",
    "Delivery.Confirm": "vault",
    "Delivery.Refuse": "vault",
    "Agreements.Suspend": "airline",
    "Payments.Confirm": "airline",
    "Payments.Dispute": "airline",
}
"""Who sends what the hotel does not."""

ACCRUED = ("hotel", "STAY", "sample")
NAMED: Mapping[str, Mapping[str, object]] = {
    "Accrual.Accrue": {"activity": ACCRUED},
    "Accrual.Reverse": {"activity": ACCRUED},
    "Accrual.AccrueBatch": {"activity": ("hotel", "STAY", "sample-of-a-batch")},
    "Awards.Redeem": {"membership": ("resort", "R1")},
    "Redemption.Authorize": {"membership": ("operator", "C1")},
    "Members.Enrol": {"membership": ("hotel", "new"), "sibling": ("resort", "R1")},
    "Partners.RegisterPartner": {"participant": "newcomer"},
    "Partners.PublishProgramme": {"programme": "another"},
}
"""What samples name, where it is not what the hotel has."""

LOW_ORDER = (
    (1).to_bytes(32, "little"),
    bytes(32),
    (2**255 - 20).to_bytes(32, "little"),
    (1 << 255).to_bytes(32, "little"),
    (2**255 - 18).to_bytes(32, "little"),
)
"""Points of order 1, 4, 2 and 4, and one that is written otherwise than it has to be."""


class Kind(enum.Enum):
    """What an attack's envelope may be answered."""

    SPOILT = "a refusal, unless its meaning is the sample's: then the sample's own answer"
    NEVER = "a refusal"
    SAME = "the sample's own answer"
    ANEW = "anything that is no fault of the gateway's: its sender signed it"


@dataclass(frozen=True, slots=True)
class Sample:
    """A valid request of a method, which the gateway has answered."""

    forge: Forge
    data: bytes

    @property
    def method(self) -> Method:
        """Whose it is."""
        return self.forge.method

    @property
    def envelope(self) -> Envelope:
        """Its own copy."""
        return Envelope.FromString(self.data)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is sent, to which method, and what it was made of."""

    attack: str
    kind: Kind
    method: Method
    data: bytes
    sample: Sample
    judged_by_the_writer: bool = False

    @property
    def same_meaning(self) -> bool:
        """Whether it says what the sample says, in other bytes or in the same."""
        if self.method is not self.sample.method:
            return False
        try:
            found = Envelope.FromString(self.data)
        except Exception:  # noqa: BLE001 - whatever it is, it is no envelope
            return False
        return found == self.sample.envelope


def samples_of(world: World, wire: Wire) -> list[Sample]:
    """One for every method of the contract, in its order."""
    samples = []
    for method in METHODS.values():
        sender = SENDERS.get(method.short_name, "hotel")
        named = NAMED.get(method.short_name, {})
        message = REQUESTS[method.short_name](replace(world.hotel, **named))
        forge = wire.forge(method.short_name, message, sender)
        samples.append(Sample(forge, forge.data()))
    return samples


Spoilt = tuple[Method, bytes]
Attack = Callable[[Sample, Sequence[Sample], Random], Spoilt]


def _with(sample: Sample, **changes: object) -> Spoilt:
    """The sample's envelope with other parts, which nobody signed."""
    envelope = sample.envelope
    for name, value in changes.items():
        if name in {"sig", "keyid"}:
            setattr(envelope.signatures[0], name, value)
        else:
            setattr(envelope, name, value)
    return sample.method, envelope.SerializeToString()


def _signed(sample: Sample, forge: Forge) -> Spoilt:
    return sample.method, forge.data()


# Nobody signed it ---------------------------------------------------------------------------


def bytes_of_the_envelope(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """Bytes at random."""
    return sample.method, spoil_bytes(sample.data, rng)


def fields_of_the_envelope(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """Fields at any level, of the payload inside too."""
    return sample.method, spoil_fields(sample.data, rng)


def two_envelopes_in_one(sample: Sample, samples: Sequence[Sample], rng: Random) -> Spoilt:
    """Parts of several valid envelopes."""
    other = rng.choice(samples).data
    join = rng.choice([splice, lambda a, b, r: spliced_fields(a, [b], r)])
    return sample.method, join(sample.data, other, rng)


def payload_under_the_old_signature(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """The envelope is whole, and what was signed is not."""
    spoil = rng.choice([spoil_bytes, spoil_fields])
    return _with(sample, payload=spoil(sample.envelope.payload, rng))


def envelope_of_another_method(sample: Sample, samples: Sequence[Sample], rng: Random) -> Spoilt:
    """A valid envelope, sent elsewhere."""
    others = [other for other in samples if other.method is not sample.method]
    return rng.choice(others).method, sample.data


def another_type(sample: Sample, samples: Sequence[Sample], rng: Random) -> Spoilt:
    """The payload under another name."""
    others = [s.method for s in samples if s.method.payload_type != sample.method.payload_type]
    method = rng.choice(others)
    spoilt = _with(sample, payload_type=method.payload_type)
    return rng.choice([sample.method, method]), spoilt[1]


def too_large(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """Above the limit of an envelope, or just below it, with what is not known."""
    padding = Field(15, BYTES, bytes(rng.choice([4_194_304, 4_194_304 - len(sample.data) - 16])))
    return sample.method, sample.data + padding.encoded()


# The signature is none ----------------------------------------------------------------------


def another_keys_signature(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """By the key of somebody else, named or not, known or not."""
    who = rng.choice(["card", "gateway", "nobody-knows-this-key"])
    forged = sample.forge.but(key=private_key(who)).envelope()
    if rng.random() < 0.5:
        return _with(sample, sig=forged.signatures[0].sig)
    return sample.method, forged.SerializeToString()


def weak_signature(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """Points of low order, an S that is not the canonical one, and other lengths."""
    sig = sample.envelope.signatures[0].sig
    commitment, scalar = sig[:32], int.from_bytes(sig[32:], "little")
    zero = bytes(32)
    choices = [
        rng.choice(LOW_ORDER) + zero,
        rng.choice(LOW_ORDER) + sig[32:],
        rng.choice(LOW_ORDER) + ORDER.to_bytes(32, "little"),
        commitment + zero,
        commitment + (scalar + ORDER).to_bytes(32, "little"),
        commitment + (scalar + 8 * ORDER).to_bytes(32, "little"),
        commitment + (ORDER - scalar).to_bytes(32, "little"),
        sig[:-1],
        sig + b"\0",
        sig[32:] + sig[:32],
        b"",
        rng.randbytes(64),
    ]
    return _with(sample, sig=rng.choice(choices))


def signed_without_its_type(sample: Sample, samples: Sequence[Sample], rng: Random) -> Spoilt:
    """The right key signed the payload, but bare, as another type, or with other lengths."""
    payload, kind = sample.envelope.payload, sample.method.payload_type
    key = sample.forge.key
    signed = rng.choice(
        [
            key.sign(payload),
            sign(key, rng.choice(samples).method.payload_type + "x", payload),
            sign(key, "", payload),
            sign(key, kind, payload[:-1]),
            key.sign(b"DSSEv1 %d %b %b" % (len(kind), kind.encode(), payload)),
            key.sign(b"DSSEv1 0%d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)),
        ]
    )
    return _with(sample, sig=signed)


def another_key_named(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """The id of the key is another's, or nothing like one."""
    other = sample.forge.but(key=private_key(rng.choice(["card", "admin-two"]))).envelope()
    own = sample.envelope.signatures[0].keyid
    names = [other.signatures[0].keyid, own.upper(), own[:-1], "", "\0", "x" * 9_999, own + "\n"]
    return _with(sample, keyid=rng.choice(names))


# The right key signed it, for somewhere or sometime else ------------------------------------


def for_another_place(sample: Sample, samples: Sequence[Sample], rng: Random) -> Spoilt:
    """Another coalition, sender or method in the header."""
    changes = [
        {"audience": rng.choice(["another-coalition", "", "Test-coalition", "test-coalition "])},
        {"sender": rng.choice(["card", "gateway", "operator", "", "Hotel", "hotel\0"])},
        {"method": rng.choice(["", "/", sample.method.full_name + "x", sample.method.name])},
        {
            "method": rng.choice(
                [s.method.full_name for s in samples if s.forge is not sample.forge]
            )
        },
        {"request_id": rng.choice(["", "x" * 65, "a b", "\u0661", "\0"])},
        {"created": None},
        {"expires": None},
    ]
    return _signed(sample, sample.forge.but_header(**rng.choice(changes)))


def for_another_time(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """Expired, not yet made, or living longer than it may."""
    forge = sample.forge.but(request_id=f"time-{rng.getrandbits(64):x}")
    life = forge.lifetime
    changed = rng.choice(
        [
            forge.but(created=forge.created - life - timedelta(days=1)),
            forge.but(created=forge.created + timedelta(minutes=2)),
            forge.but(lifetime=life + timedelta(microseconds=1)),
            forge.but(lifetime=timedelta(0)),
            forge.but(lifetime=-life),
        ]
    )
    return _signed(sample, changed)


def another_request_of_its_id(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """A request id stands for one payload for ever."""
    later = sample.forge.created + timedelta(microseconds=rng.randrange(1, 10**6))
    return _signed(sample, sample.forge.but(created=later))


# The same in other bytes --------------------------------------------------------------------


def written_otherwise(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """Fields of the envelope in another order, with longer lengths, and overwritten ones before."""
    fields = taken_apart(sample.data) or []
    written = rng.sample(fields, len(fields))
    if rng.random() < 0.5:
        written = [f.but(length=varint(len(f.value), rng.choice([1, 2]))) for f in written]
    if rng.random() < 0.5:
        written.insert(0, Field(rng.choice([1, 2]), BYTES, b"overwritten"))
    return sample.method, encoded(written)


# The right key signed what was spoilt -------------------------------------------------------


def _anew(sample: Sample, payload: bytes, rng: Random) -> Spoilt:
    """Signed as a request of its own; mostly with a good header behind what was spoilt."""
    forge = sample.forge.but(request_id=f"anew-{rng.getrandbits(64):x}")
    if rng.random() < 0.8:
        fields = taken_apart(forge.payload_bytes()) or []
        payload += encoded(field for field in fields if field.number == 1)
    return _signed(sample, forge.but(payload=payload))


def fields_signed_anew(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """So that forms and rules are reached."""
    payload = sample.envelope.payload
    for _ in range(rng.choice([1, 1, 2, 4])):
        payload = spoil_fields(payload, rng)
    return _anew(sample, payload, rng)


def bytes_signed_anew(sample: Sample, _: Sequence[Sample], rng: Random) -> Spoilt:
    """Bytes at random under a good signature."""
    return _anew(sample, spoil_bytes(sample.envelope.payload, rng), rng)


def parts_of_others_signed_anew(sample: Sample, samples: Sequence[Sample], rng: Random) -> Spoilt:
    """Fields of other methods' requests in this one's."""
    others = [rng.choice(samples).envelope.payload for _ in range(2)]
    return _anew(sample, spliced_fields(sample.envelope.payload, others, rng), rng)


ATTACKS: Mapping[Attack, tuple[Kind, float]] = {
    bytes_of_the_envelope: (Kind.SPOILT, 16),
    fields_of_the_envelope: (Kind.SPOILT, 16),
    two_envelopes_in_one: (Kind.SPOILT, 6),
    payload_under_the_old_signature: (Kind.SPOILT, 8),
    envelope_of_another_method: (Kind.NEVER, 4),
    another_type: (Kind.NEVER, 4),
    too_large: (Kind.NEVER, 0.02),
    another_keys_signature: (Kind.NEVER, 5),
    weak_signature: (Kind.NEVER, 6),
    signed_without_its_type: (Kind.NEVER, 4),
    another_key_named: (Kind.NEVER, 4),
    for_another_place: (Kind.NEVER, 6),
    for_another_time: (Kind.NEVER, 3),
    another_request_of_its_id: (Kind.NEVER, 3),
    written_otherwise: (Kind.SAME, 5),
    fields_signed_anew: (Kind.ANEW, 16),
    bytes_signed_anew: (Kind.ANEW, 6),
    parts_of_others_signed_anew: (Kind.ANEW, 4),
}
"""Every attack, what it may come to, and how often it is made beside the others."""


JUDGED_BY_THE_WRITER = frozenset({for_another_time, another_request_of_its_id})
"""Attacks that the door lets pass: what depends on time and on earlier requests comes later."""


def attempts(samples: Sequence[Sample], count: int, rng: Random) -> list[Attempt]:
    """So many, of all attacks and methods."""
    attacks = rng.choices(list(ATTACKS), [often for _, often in ATTACKS.values()], k=count)
    return [attempt(attack, rng.choice(samples), samples, rng) for attack in attacks]


def attempt(attack: Attack, sample: Sample, samples: Sequence[Sample], rng: Random) -> Attempt:
    """One."""
    method, data = attack(sample, samples, rng)
    kind = ATTACKS[attack][0]
    if attack is another_request_of_its_id and method.kind is MethodKind.READ:
        kind = Kind.ANEW  # a read leaves nothing behind
    name = attack.__name__.replace("_", " ")
    return Attempt(name, kind, method, data, sample, attack in JUDGED_BY_THE_WRITER)
