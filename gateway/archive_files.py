"""Archive files: envelopes of old requests, and signed manifests that say what is in which file.

`requests-000001.jsonl.gz` is JSON lines, compressed: first what the file is, then a request each,
with its envelope as it came. `requests-000001.manifest.json` is a DSSE envelope in JSON, signed by
the gateway: hash, count and range of the file, the public keys of its requests, and the hash of the
manifest before it, so that no file can be taken away or changed unseen.
"""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError

from coalition.signing import BadSignature, key_id, sign, verify
from coalition.v1 import envelope_pb2
from gateway.keyring import Keyring
from partners.request_archive import KeptRequest
from settlement.ledger.entries import canonical, timestamp

FORM = "coalition-archive-1"
MANIFEST_TYPE = "application/vnd.coalition.archive+json"
FIRST_PREVIOUS = "0" * 64
"""Stands in the first manifest where others name the one before."""


class ArchiveError(Exception):
    """An archive is not what it should be; the message begins with a reason and says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file holds. `sha256` is of the file, `previous` of the manifest before, in hex.

    `keys` are owner and raw public key (hex) by key id. Instants are in UTC.
    """

    coalition: str
    number: int
    file: str
    sha256: str
    requests: int
    first: tuple[str, str]
    last: tuple[str, str]
    until: str
    written_at: str
    previous: str
    keys: Mapping[str, tuple[str, str]]

    @property
    def payload(self) -> bytes:
        """The exact bytes that are signed."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return canonical({**fields, "form": FORM})


def file_name(number: int) -> str:
    """Name of a file of envelopes."""
    return f"requests-{number:06}.jsonl.gz"


def manifest_name(number: int) -> str:
    """Name of its manifest."""
    return f"requests-{number:06}.manifest.json"


def is_whole(request: KeptRequest) -> bool:
    """Whether the envelope holds what was signed: the payload whose hash the ledger has."""
    try:
        envelope = envelope_pb2.Envelope.FromString(request.envelope)
    except DecodeError:
        return False
    return hashlib.sha256(envelope.payload).digest() == request.sha256


def pack(coalition: str, number: int, requests: Sequence[KeptRequest]) -> bytes:
    """The bytes of a file; the same requests always give the same."""
    header = {"form": FORM, "coalition": coalition, "number": str(number)}
    lines = [canonical(header), *(canonical(_line(request)) for request in requests)]
    return gzip.compress(b"".join(line + b"\n" for line in lines), compresslevel=6, mtime=0)


def _line(request: KeptRequest) -> dict[str, object]:
    return {
        "sender": request.sender,
        "request_id": request.request_id,
        "sha256": request.sha256.hex(),
        "method": request.method,
        "keyid": request.keyid,
        "decided_at": timestamp(request.decided_at),
        "envelope": base64.b64encode(request.envelope).decode(),
    }


def write_durably(path: Path, data: bytes) -> None:
    """Put a file in its place, whole and on the disk before this returns. Raises OSError."""
    scratch = path.with_name(f".{path.name}.part")
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sealed(manifest: Manifest, keyring: Keyring) -> bytes:
    """A manifest as a file: DSSE in JSON, signed by the gateway's current key."""
    payload = manifest.payload
    signature = sign(keyring.keys[keyring.current], MANIFEST_TYPE, payload)
    return canonical(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": MANIFEST_TYPE,
            "signatures": [
                {"keyid": keyring.current, "sig": base64.b64encode(signature).decode()},
            ],
        }
    )


def read_manifest(folder: Path, number: int, gateway: Mapping[str, bytes]) -> Manifest:
    """A manifest whose signature is of one of the gateway's keys (raw, by key id).

    Raises ArchiveError.
    """
    path = folder / manifest_name(number)
    try:
        document = json.loads(path.read_bytes())
        (signature,) = document["signatures"]
        payload = base64.b64decode(document["payload"], validate=True)
        public = Ed25519PublicKey.from_public_bytes(gateway[signature["keyid"]])
        verify(public, MANIFEST_TYPE, payload, base64.b64decode(signature["sig"], validate=True))
        return _manifest(json.loads(payload))
    except FileNotFoundError:
        message = f"ARCHIVE_MISSING: there is no {path}; put back the copy that you keep of it"
        raise ArchiveError(message) from None
    except (ValueError, KeyError, TypeError, AttributeError, BadSignature):
        message = (
            f"ARCHIVE_BROKEN: {path} is not as a key of the gateway signed it; put back the copy "
            "that you keep of it, and see that the profile holds every key of the gateway"
        )
        raise ArchiveError(message) from None


def _manifest(fields: Mapping[str, Any]) -> Manifest:
    if fields["form"] != FORM:
        message = f"the form is {fields['form']!r}"
        raise ValueError(message)
    named = {name: fields[name] for name in Manifest.__slots__}
    keys = {keyid: (owner, public) for keyid, (owner, public) in named["keys"].items()}
    ends = {end: (named[end][0], named[end][1]) for end in ("first", "last")}
    return Manifest(**{**named, **ends, "keys": keys})


def open_file(folder: Path, manifest: Manifest) -> list[KeptRequest]:
    """The requests of a file, which is what its manifest says and was signed by its senders.

    Raises ArchiveError.
    """
    path = folder / manifest.file
    if path.name != file_name(manifest.number):
        raise _broken(path, "the manifest is another file's")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        message = f"ARCHIVE_MISSING: there is no {path}; put back the copy that you keep of it"
        raise ArchiveError(message) from None
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise _broken(path, "its hash is not the manifest's")
    try:
        found = list(_unpacked(data, manifest))
    except (ValueError, KeyError, TypeError, OSError, EOFError, DecodeError) as problem:
        raise _broken(path, f"it cannot be read ({problem})") from None
    except BadSignature:
        raise _broken(path, "a request is not as its sender signed it") from None
    ends = (found[0].key, found[-1].key) if found else ()
    if len(found) != manifest.requests or ends != (manifest.first, manifest.last):
        raise _broken(path, "it does not hold what the manifest says")
    return found


def _broken(path: Path, why: str) -> ArchiveError:
    return ArchiveError(f"ARCHIVE_BROKEN: {path}: {why}; put back the copy that you keep of it")


def _unpacked(data: bytes, manifest: Manifest) -> Iterator[KeptRequest]:
    header, *lines = gzip.decompress(data).splitlines()
    expected = {"form": FORM, "coalition": manifest.coalition, "number": str(manifest.number)}
    if json.loads(header) != expected:
        message = "another archive's header"
        raise ValueError(message)
    for line in lines:
        yield _verified(json.loads(line), manifest)


def _verified(fields: Mapping[str, str], manifest: Manifest) -> KeptRequest:
    """A request whose envelope has the hash that the database kept, and its sender's signature."""
    request = KeptRequest(
        sender=fields["sender"],
        request_id=fields["request_id"],
        sha256=bytes.fromhex(fields["sha256"]),
        method=fields["method"],
        keyid=fields["keyid"],
        decided_at=datetime.fromisoformat(fields["decided_at"]).astimezone(UTC),
        envelope=base64.b64decode(fields["envelope"], validate=True),
    )
    owner, public = manifest.keys[request.keyid]
    raw = bytes.fromhex(public)
    if not is_whole(request):
        message = f"the payload of request {request.request_id} has another hash"
        raise ValueError(message)
    if owner != request.sender or key_id(raw) != request.keyid:
        message = f"the key of request {request.request_id} is not its sender's"
        raise ValueError(message)
    envelope = envelope_pb2.Envelope.FromString(request.envelope)
    (signature,) = envelope.signatures
    verify(
        Ed25519PublicKey.from_public_bytes(raw),
        envelope.payload_type,
        envelope.payload,
        signature.sig,
    )
    return request


def verify_archive(folder: Path, coalition: str, gateway: Mapping[str, bytes]) -> list[Manifest]:
    """Every file of a folder, from the first on, each named by the manifest after it.

    Needs no database: the gateway's public keys are in the profile. A file that is missing at the
    end shows only against the database. Raises ArchiveError.
    """
    found: list[Manifest] = []
    previous = FIRST_PREVIOUS
    for number in range(1, _last_number(folder) + 1):
        manifest = read_manifest(folder, number, gateway)
        if (manifest.coalition, manifest.number) != (coalition, number):
            raise _broken(folder / manifest_name(number), "it is another archive's")
        if manifest.previous != previous:
            raise _broken(folder / manifest_name(number), "it does not follow on the one before")
        open_file(folder, manifest)
        previous = hashlib.sha256(manifest.payload).hexdigest()
        found.append(manifest)
    return found


def _last_number(folder: Path) -> int:
    names = [path.name for path in folder.glob("requests-*.*")]
    return max((int(name[9:15]) for name in names if name[9:15].isdecimal()), default=0)
