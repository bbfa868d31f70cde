"""The data directory of a gateway: its keys, its profile, and the embedded database.

coalition.json          the profile that partners are given
checkpoint              the newest checkpoint of the ledger, where no --checkpoint-file is given
keys/gateway-*.key      the gateway's private keys, encrypted; the newest signs
keys/<person>.key       the first keys of the administrators, encrypted; to be handed over
postgres/               the embedded database, where no --database-url is given
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coalition.keyfiles import read_key, write_key
from coalition.profile import Profile, read_profile
from coalition.signing import key_id, public_bytes
from gateway.keyring import Keyring
from gateway.postgres import embedded_postgres, reachable_data_dir

GATEWAY_KEYS = "gateway-*.key"


@dataclass(frozen=True, slots=True)
class Home:
    """A data directory."""

    path: Path

    @property
    def profile_path(self) -> Path:
        """Where the profile is."""
        return self.path / "coalition.json"

    @property
    def checkpoint_path(self) -> Path:
        """Where the newest checkpoint is kept, unless the operator names another place."""
        return self.path / "checkpoint"

    @property
    def keys(self) -> Path:
        """Where the keys are."""
        return self.path / "keys"

    def profile(self) -> Profile:
        """The coalition's profile. Raises ProfileError."""
        return read_profile(self.profile_path)

    def key_path(self, owner: str) -> Path:
        """Where an administrator's first key is."""
        return self.keys / f"{owner}.key"

    def add_gateway_key(self, key: Ed25519PrivateKey, passphrase: bytes) -> Path:
        """Keep a new key of the gateway. Its file's number says how new it is."""
        self.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.keys / f"gateway-{len(self._gateway_keys()) + 1:04}.key"
        write_key(path, key, passphrase)
        return path

    def keyring(self, passphrase: bytes) -> Keyring:
        """All keys of the gateway; the newest is current. Raises KeyFileError."""
        private = [read_key(path, passphrase) for path in self._gateway_keys()]
        by_id = {key_id(public_bytes(key)): key for key in private}
        return Keyring(by_id, list(by_id)[-1])

    def _gateway_keys(self) -> list[Path]:
        return sorted(self.keys.glob(GATEWAY_KEYS))

    @property
    def is_founded(self) -> bool:
        """Whether a coalition was made here."""
        return self.profile_path.exists() and bool(self._gateway_keys())

    @contextmanager
    def database(self, url: str | None) -> Iterator[str]:
        """The URL of the database: the one given, or the embedded one, started if need be."""
        if url is not None:
            yield url
            return
        with embedded_postgres(reachable_data_dir(self.path.absolute() / "postgres")) as embedded:
            yield embedded
