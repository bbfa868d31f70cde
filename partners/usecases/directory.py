"""Use cases of the directory: partners, keys, programmes."""

from dataclasses import dataclass, replace
from datetime import datetime

from coalition.signing import (
    BadSignature,
    WeakKey,
    check_possession,
    key_id,
    require_strong,
)
from partners.context import Context, Decision
from partners.directory import Key, KeyState, Principal, PrincipalKind, Role
from partners.directory_changes import (
    KeyAdded,
    KeyChanged,
    PrincipalAdded,
)
from partners.refusals import Reason, Refused
from partners.state import Needs
from settlement.ledger.entries import EVERYONE, timestamp


@dataclass(frozen=True, slots=True)
class NewKey:
    """A public key (32 raw bytes of Ed25519) with the proof that its owner holds it."""

    public: bytes
    proof: bytes
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class WithoutMembers:
    """A command that touches no member."""

    def add_needs(self, needs: Needs) -> None:
        """Nothing but the directory."""


@dataclass(frozen=True, slots=True)
class WithOpenQuotes:
    """A command that is judged by the quotes that are open."""

    def add_needs(self, needs: Needs) -> None:
        """All of them."""
        needs.all_open_quotes = True


@dataclass(frozen=True, slots=True)
class RegisterPartner(WithoutMembers):
    """Admit a partner with its first key."""

    partner: str
    kind: PrincipalKind
    name: str
    key: NewKey


def register_partner(command: RegisterPartner, context: Context) -> Decision:
    """The key waits for approval by another administrator."""
    taken = {*context.directory.principals, *context.directory.programmes}
    if command.partner in taken:
        raise Refused(
            Reason.ALREADY_EXISTS,
            f"the id {command.partner} is taken",
            {"id": command.partner},
        )
    principal = Principal(command.partner, command.kind, command.name, frozenset({Role.PARTNER}))
    key = _new_key(command.key, command.partner, context)
    return Decision(
        kind="PARTNER",
        facts={
            "partner": command.partner,
            "kind": str(command.kind),
            "name": command.name,
            "key": key_facts(key),
        },
        result=key,
        facts_parties=frozenset({EVERYONE}),
        changes=(PrincipalAdded(principal, context.number), KeyAdded(key, context.number)),
        business=False,
        directory=True,
    )


@dataclass(frozen=True, slots=True)
class RegisterKey(WithoutMembers):
    """Add a key to the sender's."""

    key: NewKey


def register_key(command: RegisterKey, context: Context) -> Decision:
    """The key waits for approval by an administrator."""
    key = _new_key(command.key, context.sender, context)
    return _key_decision("KEY", key, KeyAdded(key, context.number))


def _new_key(new: NewKey, owner: str, context: Context) -> Key:
    audience = context.directory.coalition.coalition_id
    keyid = key_id(new.public)
    if keyid in context.directory.keys:
        raise Refused(Reason.ALREADY_EXISTS, "that key is registered already", {"keyid": keyid})
    try:
        require_strong(new.public)
        check_possession(new.public, audience, owner, new.proof)
    except (WeakKey, BadSignature) as error:
        raise Refused(
            Reason.BAD_KEY,
            f"{error}; the proof is made for this coalition and owner",
            {"owner": owner},
        ) from error
    return Key(
        keyid=keyid,
        owner=owner,
        public=new.public,
        state=KeyState.PENDING,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        revoked_at=None,
        compromised_since=None,
        registered_by=context.sender,
    )


def key_facts(key: Key) -> dict[str, object]:
    """What the log says of a key."""
    since = key.compromised_since
    return {
        "keyid": key.keyid,
        "owner": key.owner,
        "ed25519": key.public.hex(),
        "state": str(key.state),
        "valid_from": None if key.valid_from is None else timestamp(key.valid_from),
        "valid_to": None if key.valid_to is None else timestamp(key.valid_to),
        "compromised_since": None if since is None else timestamp(since),
    }


def _key_decision(kind: str, key: Key, change: KeyAdded | KeyChanged) -> Decision:
    return Decision(
        kind=kind,
        facts=key_facts(key),
        result=key,
        facts_parties=frozenset({EVERYONE}),
        changes=(change,),
        business=False,
        directory=True,
    )


@dataclass(frozen=True, slots=True)
class ApproveKey(WithoutMembers):
    """Let a pending key sign."""

    keyid: str


def approve_key(command: ApproveKey, context: Context) -> Decision:
    """By an administrator who neither registered nor owns it."""
    key = context.directory.keys.get(command.keyid)
    if key is None or key.state is not KeyState.PENDING:
        raise Refused(
            Reason.UNKNOWN_PROPOSAL,
            "there is no key of that id waiting for approval",
            {"keyid": command.keyid},
        )
    if context.sender in {key.registered_by, key.owner}:
        raise Refused(
            Reason.SAME_PERSON,
            f"{context.sender} registered this key; another administrator approves it",
            {"registered_by": key.registered_by},
        )
    valid_from = max(key.valid_from or context.now, context.now)
    approved = replace(key, state=KeyState.APPROVED, valid_from=valid_from)
    return _key_decision("KEY", approved, KeyChanged(approved))


@dataclass(frozen=True, slots=True)
class RevokeKey(WithoutMembers):
    """End a key at once and for ever."""

    keyid: str
    compromised_since: datetime | None


def revoke_key(command: RevokeKey, context: Context) -> Decision:
    """By its owner or an administrator. The gateway's own keys are rotated, not revoked here."""
    key = context.directory.keys.get(command.keyid)
    allowed = key is not None and (
        key.owner == context.sender
        or Role.ADMINISTRATOR in context.directory.principals[context.sender].roles
    )
    if key is None or not allowed or key.state is KeyState.REVOKED:
        raise Refused(
            Reason.UNKNOWN_PROPOSAL,
            "there is no such key that you may revoke and that is not revoked yet",
            {"keyid": command.keyid},
        )
    if context.directory.principals[key.owner].kind is PrincipalKind.GATEWAY:
        raise Refused(
            Reason.NOT_AUTHORIZED,
            "the gateway's keys are rotated with `coalition rotate-key`, not revoked by request",
            {"keyid": command.keyid},
        )
    revoked = replace(
        key,
        state=KeyState.REVOKED,
        revoked_at=context.now,
        compromised_since=command.compromised_since,
    )
    return _key_decision("KEY", revoked, KeyChanged(revoked))
