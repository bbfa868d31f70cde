"""A coalition's public profile: what a partner is given to know it by.

A JSON file, written by `coalition init`. It holds no secret, but it is the anchor of trust:
get it from the operator by a way that cannot be tampered with.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from coalition.signing import key_id, require_strong

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,31}$")]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]{1,15}$")]

MAX_EXPONENT = 6
"""Seven digits of minor units and 12 of whole ones fill an int64; more is a mistake."""


class ProfileError(Exception):
    """A profile file cannot be used; the message says why."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Currency(_Model):
    """The shared currency: its code, and how many digits its minor unit has."""

    code: CurrencyCode
    exponent: int = Field(ge=0, le=MAX_EXPONENT)


class GatewayKey(_Model):
    """A key under which the gateway signs its answers: 32 raw bytes in hex, and its name."""

    keyid: str
    ed25519: str = Field(pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        public = bytes.fromhex(self.ed25519)
        if self.keyid != key_id(public):
            message = "keyid is not the SHA-256 of ed25519"
            raise ValueError(message)
        require_strong(public)
        return self


class Profile(_Model):
    """Which coalition this is, who operates it, its currency and its gateway's keys."""

    coalition: str = Field(min_length=1)
    operator: Slug
    currency: Currency
    gateway_keys: tuple[GatewayKey, ...] = Field(min_length=1)

    @cached_property
    def keys(self) -> dict[str, bytes]:
        """The gateway's public keys, 32 raw bytes each, by key id."""
        return {key.keyid: bytes.fromhex(key.ed25519) for key in self.gateway_keys}


def gateway_key(public: bytes) -> GatewayKey:
    """A gateway's public key in the form of a profile. Raises WeakKey."""
    require_strong(public)
    return GatewayKey(keyid=key_id(public), ed25519=public.hex())


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises ProfileError."""
    try:
        return Profile.model_validate_json(path.read_bytes())
    except OSError as problem:
        message = f"cannot read the profile {path}: {problem.strerror}"
        raise ProfileError(message) from None
    except ValidationError as problem:
        message = f"{path} is not a coalition's profile: {_in_words(problem)}"
        raise ProfileError(message) from None


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile for people and machines. Raises ProfileError."""
    try:
        path.write_text(profile.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as problem:
        message = f"cannot write the profile {path}: {problem.strerror}"
        raise ProfileError(message) from None


def _in_words(problem: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, error['loc'])) or 'file'}: {error['msg']}"
        for error in problem.errors()
    )
