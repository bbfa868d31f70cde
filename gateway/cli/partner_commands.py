"""`coalition partners`: the directory of participants, and everybody's keys."""

import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from coalition.v1 import partners_pb2
from gateway.cli import block_commands, output
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import INSTANT

_KINDS = {
    "hotel": partners_pb2.PARTNER_KIND_HOTEL,
    "airline": partners_pb2.PARTNER_KIND_AIRLINE,
    "card-issuer": partners_pb2.PARTNER_KIND_CARD_ISSUER,
    "other": partners_pb2.PARTNER_KIND_OTHER,
}

_proof_option = click.option(
    "--proof",
    "proof_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="What `coalition key proof` showed to the key's owner.",
)
_keyid_argument = click.argument("keyid")


@click.group()
def partners() -> None:
    """Partners and everybody's keys."""


@partners.command(name="list")
@signed_options
def list_partners(session: Session) -> None:
    """All participants and their programmes."""
    request = partners_pb2.ListPartnersRequest()
    found = session.read("Partners.ListPartners", request, partners_pb2.PartnerList)
    output.show_list(
        found,
        found.partners,
        "Participants",
        [
            ("id", lambda p: p.partner),
            ("kind", lambda p: _kind(p.kind)),
            ("name", lambda p: p.name),
            ("programmes", lambda p: _programmes(p.programmes)),
            ("blocked", lambda p: "blocked" if p.blocked else None),
        ],
        as_json=session.as_json,
    )


@partners.command()
@click.argument("partner")
@click.option("--kind", required=True, type=click.Choice(list(_KINDS)))
@click.option("--name", required=True, help="For people.")
@_proof_option
@request_id_option
@signed_options
def register(
    session: Session,
    *,
    partner: str,
    kind: str,
    name: str,
    proof_file: Path,
    request_id: str | None,
) -> None:
    """Admit PARTNER with its first key, which another administrator then approves."""
    request = partners_pb2.RegisterPartnerRequest(
        partner=partner, kind=_KINDS[kind], name=name, key=_public_key(proof_file, partner)
    )
    session.write("Partners.RegisterPartner", request, request_id)


@partners.command()
@_proof_option
@click.option("--valid-from", type=INSTANT, help="By default from its approval on.")
@click.option("--valid-to", type=INSTANT, help="By default until it is revoked.")
@request_id_option
@signed_options
def register_key(
    session: Session,
    *,
    proof_file: Path,
    valid_from: datetime | None,
    valid_to: datetime | None,
    request_id: str | None,
) -> None:
    """Register a further key of your own, which an administrator then approves."""
    key = _public_key(proof_file, session.sender)
    if valid_from is not None:
        key.valid_from.FromDatetime(valid_from)
    if valid_to is not None:
        key.valid_to.FromDatetime(valid_to)
    request = partners_pb2.RegisterKeyRequest(key=key)
    session.write("Partners.RegisterKey", request, request_id)


@partners.command()
@_keyid_argument
@request_id_option
@signed_options
def approve_key(session: Session, *, keyid: str, request_id: str | None) -> None:
    """Approve a key that somebody else registered."""
    request = partners_pb2.ApproveKeyRequest(keyid=keyid)
    session.write("Partners.ApproveKey", request, request_id)


@partners.command()
@_keyid_argument
@click.option(
    "--compromised-since",
    type=INSTANT,
    help="Since when somebody else may have used it; by default it is merely retired.",
)
@request_id_option
@signed_options
def revoke_key(
    session: Session, *, keyid: str, compromised_since: datetime | None, request_id: str | None
) -> None:
    """Revoke a key at once and for ever."""
    request = partners_pb2.RevokeKeyRequest(keyid=keyid, compromised_since=compromised_since)
    session.write("Partners.RevokeKey", request, request_id)


@partners.command()
@signed_options
def keys(session: Session) -> None:
    """Your keys and the gateway's; an administrator sees all."""
    request = partners_pb2.ListKeysRequest()
    found = session.read("Partners.ListKeys", request, partners_pb2.KeyList)
    output.show_list(
        found,
        found.keys,
        "Keys",
        [
            ("key id", lambda k: k.keyid),
            ("owner", lambda k: k.owner),
            ("state", lambda k: _state(k.state)),
            ("from", lambda k: output.instant(k.valid_from)),
            ("to", lambda k: output.instant(k.valid_to)),
            ("revoked", lambda k: output.instant(k.revoked_at)),
            ("compromised since", lambda k: output.instant(k.compromised_since)),
        ],
        as_json=session.as_json,
    )


def _public_key(path: Path, owner: str) -> partners_pb2.PublicKey:
    """What a proof file holds. Raises click.UsageError where it is none, or somebody else's."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        claimed = found["owner"]
        key = partners_pb2.PublicKey(
            ed25519=binascii.unhexlify(found["ed25519"]), proof=binascii.unhexlify(found["proof"])
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        message = f"{path} is not what `coalition key proof` shows: have the owner make it again"
        raise click.UsageError(message) from None
    if claimed != owner:
        message = f"{path} proves a key of {claimed!r}, not of {owner!r}"
        raise click.UsageError(message)
    return key


def _kind(value: partners_pb2.PartnerKind) -> str:
    return output.enum_name(partners_pb2.PartnerKind.Name(value), "PARTNER_KIND_")


def _state(value: partners_pb2.KeyState) -> str:
    return output.enum_name(partners_pb2.KeyState.Name(value), "KEY_STATE_")


def _programmes(programmes: Sequence[partners_pb2.Programme]) -> str:
    return ", ".join(
        f"{p.programme} ({p.currency or 'no points'}, version {p.version})" for p in programmes
    )


for _command in (block_commands.block_partner, block_commands.unblock_partner):
    partners.add_command(_command)
