"""Use cases of links between memberships: obtain a code, use it, end a link."""

import base64
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from partners.context import Context, Decision
from partners.member_changes import (
    LinkChanged,
    LinkCodeAdded,
    LinkCodeTried,
)
from partners.refusals import Reason, Refused
from partners.state import LinkCode, Membership, MembershipKey, Needs

LINK_CODE_LIFETIME = timedelta(minutes=10)
LINK_CODE_TRIES = 5
LINK_CODE_CHARACTERS = 10
"""50 bits: with five tries in ten minutes a guess succeeds once in 2^47."""


@dataclass(frozen=True, slots=True)
class CreateLinkCode:
    """Let `other` be linked to `membership` by whoever brings the code."""

    membership: MembershipKey
    other: MembershipKey

    def add_needs(self, needs: Needs) -> None:
        """The sender's membership; the other one is nothing that it may ask after."""
        needs.memberships.add(self.membership)


@dataclass(frozen=True, slots=True)
class LinkCodeCreated:
    """The code, for the member to carry."""

    code: str
    expires_at: datetime


def create_link_code(command: CreateLinkCode, context: Context) -> Decision:
    """Gives the same answer whether or not the other membership exists."""
    context.require_own(command.membership[0])
    context.programme(command.other[0])
    membership = context.known_membership(command.membership)
    if context.owns(command.other[0]) and command.other[0] == command.membership[0]:
        raise Refused(
            Reason.LINK_EXISTS,
            "a link is between memberships of two programmes",
            {"programme": command.other[0]},
        )
    code = LinkCode(
        number=context.number,
        member_id=membership.member_id,
        programme=membership.programme,
        other_programme=command.other[0],
        other_number=command.other[1],
        expires_at=context.now + LINK_CODE_LIFETIME,
        tries=0,
        used=False,
    )
    return Decision(
        kind="LINK_CODE",
        facts={"member": str(membership.member_id), "programme": membership.programme},
        result=LinkCodeCreated(_spell(code, context), code.expires_at),
        changes=(LinkCodeAdded(code),),
    )


def _spell(code: LinkCode, context: Context) -> str:
    """The code of a number: derived, so that nothing secret is kept for it."""
    secret = context.directory.coalition.salt_key
    digest = hmac.digest(secret, b"link code" + code.number.to_bytes(8), "sha256")
    return base64.b32encode(digest).decode("ascii")[:LINK_CODE_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Link:
    """Use a code that the other programme's partner obtained."""

    membership: MembershipKey
    other_programme: str
    code: str

    def add_needs(self, needs: Needs) -> None:
        """The sender's membership and the codes that name it."""
        needs.link_codes.add(self.membership)


@dataclass(frozen=True, slots=True)
class Linked:
    """The two memberships."""

    membership: MembershipKey
    other: MembershipKey


def link(command: Link, context: Context) -> Decision:
    """A wrong code uses up a try of every code that is open for these two programmes.

    The refusal is the same whether or not there is one: that is the other partner's to know.
    """
    membership = context.own_membership(command.membership)
    candidates = _open_codes(command, context)
    right = [c for c in candidates if hmac.compare_digest(_spell(c, context), command.code)]
    if not right:
        raise Refused(
            Reason.BAD_LINK_CODE,
            "the code is wrong, used, expired or was tried too often; ask for a new one",
            changes=tuple(LinkCodeTried(replace(c, tries=c.tries + 1)) for c in candidates),
        )
    other = context.state.accounts[right[0].member_id, right[0].programme]
    used = LinkCodeTried(replace(right[0], tries=right[0].tries + 1, used=True))
    if context.state.are_linked(membership, other):
        raise Refused(Reason.LINK_EXISTS, "they are linked already", changes=(used,))
    return _link_decision("LINK", membership, other, context, (used,))


def _open_codes(command: Link, context: Context) -> list[LinkCode]:
    return [
        code
        for code in context.state.link_codes.values()
        if (code.other_programme, code.other_number) == command.membership
        and code.programme == command.other_programme
        and not code.used
        and code.tries < LINK_CODE_TRIES
        and context.now <= code.expires_at
    ]


def _link_decision(
    kind: str,
    one: Membership,
    other: Membership,
    context: Context,
    changes: tuple[LinkCodeTried, ...] = (),
) -> Decision:
    change = LinkChanged(one, other, context.number if kind == "LINK" else None)
    return Decision(
        kind=kind,
        facts={
            "members": [str(one.member_id), str(other.member_id)],
            "programmes": [one.programme, other.programme],
        },
        result=Linked(
            (one.programme, one.member_number),
            (other.programme, other.member_number),
        ),
        facts_parties=frozenset({context.programme(other.programme).partner}),
        changes=(*changes, change),
    )


@dataclass(frozen=True, slots=True)
class Unlink:
    """End a link, from either side."""

    membership: MembershipKey
    other: MembershipKey

    def add_needs(self, needs: Needs) -> None:
        """Both memberships."""
        needs.memberships |= {self.membership, self.other}


def unlink(command: Unlink, context: Context) -> Decision:
    """Whether the other membership exists is not told to one that is not linked to it."""
    membership = context.own_membership(command.membership)
    other = context.state.memberships.get(command.other)
    linked = context.state.links.get(membership.account, set())
    if other is None or other.account not in linked:
        raise Refused(
            Reason.NOT_LINKED,
            "these memberships are not linked",
            {"programme": command.other[0], "member_number": command.other[1]},
        )
    return link_ended(membership, other, context)


def link_ended(membership: Membership, other: Membership, context: Context) -> Decision:
    """The end of a link, of which the other membership's partner is told."""
    return _link_decision("UNLINK", membership, other, context)
