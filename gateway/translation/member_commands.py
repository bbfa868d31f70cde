"""From request messages to commands: those of members, their tiers and links."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from coalition.v1 import members_pb2
from gateway.translation import forms
from partners.context import Command
from partners.refusals import invalid
from partners.state import MembershipState
from partners.usecases import erasure, links, lives, members, tiers
from partners.usecases.tiers import TierWay

CommandTable = Mapping[type[Message], tuple[type[Command], Callable[[Any], Command]]]
"""By kind of message: the kind of command that it asks for, and how that is read."""

CARRIED_OVER_AT_ONCE = 500
"""Members in one request: each is an entry, and while it is written nobody else writes."""

_STATES = forms.enum_names(
    "MEMBERSHIP_STATE_",
    members_pb2.MembershipState,
    (MembershipState.ACTIVE, MembershipState.BLOCKED, MembershipState.CLOSED),
)
_WAYS = forms.enum_names("TIER_WAY_", members_pb2.TierWay, TierWay)

_FIELDS_OF_WAYS: Mapping[TierWay, frozenset[str]] = {
    TierWay.PURCHASE: frozenset({"paid"}),
    TierWay.INVITATION: frozenset({"invitation"}),
    TierWay.MATCH: frozenset({"matched_programme", "matched_tier"}),
    TierWay.CARRIED_OVER: frozenset({"until"}),
}
"""What is said of each way of coming by a tier."""


def _enrol(m: members_pb2.EnrolRequest) -> members.Enrol:
    same = m.same_member_as if m.HasField("same_member_as") else None
    return members.Enrol(
        membership=forms.membership_key(m.membership, "membership"),
        tier=forms.optional(forms.TIER, m.tier, "tier"),
        choice=forms.optional(forms.SLUG, m.choice, "choice"),
        same_member_as=None if same is None else forms.membership_key(same, "same_member_as"),
        invitation=forms.not_negative(m.invitation, "invitation") or None,
        paid=forms.money(m.paid, "paid") if m.HasField("paid") else None,
    )


def _update_membership(m: members_pb2.UpdateMembershipRequest) -> members.UpdateMembership:
    state = forms.known(m.state, _STATES, "state") if m.state else None
    return members.UpdateMembership(
        membership=forms.membership_key(m.membership, "membership"),
        tier=forms.optional(forms.TIER, m.tier, "tier"),
        choice=forms.optional(forms.SLUG, m.choice, "choice"),
        state=None if state is None else MembershipState(state),
        chosen_programme=forms.optional(forms.SLUG, m.chosen_programme, "chosen_programme"),
        red_listed=m.red_listed if m.HasField("red_listed") else None,
    )


def _invite(m: members_pb2.InviteRequest) -> tiers.Invite:
    return tiers.Invite(
        membership=forms.membership_key(m.membership, "membership"),
        tier=forms.optional(forms.TIER, m.tier, "tier"),
        expires_on=forms.optional_day(m.expires_on, "expires_on"),
    )


def _grant_tier(m: members_pb2.GrantTierRequest) -> tiers.GrantTier:
    way = TierWay(forms.known(m.way, _WAYS, "way"))
    for other, fields in _FIELDS_OF_WAYS.items():
        for descriptor, _ in m.ListFields():
            if descriptor.name in fields and other is not way:
                raise invalid(descriptor.name, f"goes with {other}, not with {way}")
    is_match = way is TierWay.MATCH
    return tiers.GrantTier(
        membership=forms.membership_key(m.membership, "membership"),
        tier=forms.matching(forms.TIER, m.tier, "tier"),
        way=way,
        paid=forms.money(m.paid, "paid") if m.HasField("paid") else None,
        invitation=forms.positive(m.invitation, "invitation")
        if way is TierWay.INVITATION
        else None,
        matched=_matched(m) if is_match else None,
        until=forms.day(m.until, "until") if way is TierWay.CARRIED_OVER else None,
    )


def _matched(m: members_pb2.GrantTierRequest) -> tuple[str, str]:
    return (
        forms.matching(forms.SLUG, m.matched_programme, "matched_programme"),
        forms.matching(forms.TIER, m.matched_tier, "matched_tier"),
    )


def _register(m: members_pb2.RegisterRequest) -> tiers.Register:
    return tiers.Register(
        membership=forms.membership_key(m.membership, "membership"),
        rule=forms.matching(forms.SLUG, m.rule, "rule"),
    )


def _merge(m: members_pb2.MergeRequest) -> lives.MergeMembers:
    return lives.MergeMembers(
        kept=forms.membership_key(m.kept, "kept"),
        merged=forms.membership_key(m.merged, "merged"),
    )


def _unmerge(m: members_pb2.UnmergeRequest) -> lives.Unmerge:
    return lives.Unmerge(forms.positive(m.merge, "merge"))


def _erase(m: members_pb2.EraseRequest) -> erasure.Erase:
    return erasure.Erase(forms.membership_key(m.membership, "membership"))


def _carry_over(m: members_pb2.CarryOverRequest) -> lives.CarryOver:
    if m.limit > CARRIED_OVER_AT_ONCE:
        raise invalid("limit", f"is {m.limit}; at most {CARRIED_OVER_AT_ONCE}")
    return lives.CarryOver(
        programme=forms.matching(forms.SLUG, m.programme, "programme"),
        replaced=forms.matching(forms.SLUG, m.replaced, "replaced"),
        limit=m.limit or CARRIED_OVER_AT_ONCE,
    )


def _create_link_code(m: members_pb2.CreateLinkCodeRequest) -> links.CreateLinkCode:
    return links.CreateLinkCode(
        membership=forms.membership_key(m.membership, "membership"),
        other=forms.membership_key(m.other, "other"),
    )


def _link(m: members_pb2.LinkRequest) -> links.Link:
    return links.Link(
        membership=forms.membership_key(m.membership, "membership"),
        other_programme=forms.matching(forms.SLUG, m.other_programme, "other_programme"),
        code=forms.matching(forms.LINK_CODE, m.code, "code"),
    )


def _unlink(m: members_pb2.UnlinkRequest) -> links.Unlink:
    return links.Unlink(
        membership=forms.membership_key(m.membership, "membership"),
        other=forms.membership_key(m.other, "other"),
    )


MEMBER_COMMANDS: CommandTable = {
    members_pb2.EnrolRequest: (members.Enrol, _enrol),
    members_pb2.UpdateMembershipRequest: (members.UpdateMembership, _update_membership),
    members_pb2.InviteRequest: (tiers.Invite, _invite),
    members_pb2.GrantTierRequest: (tiers.GrantTier, _grant_tier),
    members_pb2.RegisterRequest: (tiers.Register, _register),
    members_pb2.MergeRequest: (lives.MergeMembers, _merge),
    members_pb2.UnmergeRequest: (lives.Unmerge, _unmerge),
    members_pb2.EraseRequest: (erasure.Erase, _erase),
    members_pb2.CarryOverRequest: (lives.CarryOver, _carry_over),
    members_pb2.CreateLinkCodeRequest: (links.CreateLinkCode, _create_link_code),
    members_pb2.LinkRequest: (links.Link, _link),
    members_pb2.UnlinkRequest: (links.Unlink, _unlink),
}
