"""The gateway's own keys, with which it signs every answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.signing import sign
from coalition.v1 import envelope_pb2
from partners.requests import Answer


@dataclass(frozen=True, slots=True)
class Keyring:
    """Private keys by key id; `current` signs what is new.

    An answer given before is signed again by the key that signed it first, so that it is the
    same bytes; where that key is gone, by the current one.
    """

    keys: Mapping[str, Ed25519PrivateKey]
    current: str

    def seal(self, answer: Answer) -> envelope_pb2.Envelope:
        """Sign an answer's stored payload."""
        keyid = answer.keyid if answer.keyid in self.keys else self.current
        signature = sign(self.keys[keyid], answer.answer_type, answer.payload)
        return envelope_pb2.Envelope(
            payload=answer.payload,
            payload_type=answer.answer_type,
            signatures=[envelope_pb2.Signature(sig=signature, keyid=keyid)],
        )
