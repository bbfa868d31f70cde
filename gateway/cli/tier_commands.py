"""`coalition member invite|grant-tier|register|tiers`."""

from datetime import date

import click

from coalition.v1 import common_pb2, members_pb2
from gateway.cli import output
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import DAY, MEMBERSHIP, MONEY

_membership = click.argument("membership", type=MEMBERSHIP)

_OPTION_OF_WAYS = {
    members_pb2.TIER_WAY_PURCHASE: "paid",
    members_pb2.TIER_WAY_INVITATION: "invitation",
    members_pb2.TIER_WAY_MATCH: "match",
    members_pb2.TIER_WAY_CARRIED_OVER: "until",
}


@click.command()
@_membership
@click.option("--tier", default="", help="By default the entry tier, for who is no member yet.")
@click.option("--expires-on", type=DAY, help="Last day to accept it; by default for ever.")
@request_id_option
@signed_options
def invite(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    tier: str,
    expires_on: date | None,
    request_id: str | None,
) -> None:
    """Invite somebody to a programme, or a member to a tier of it."""
    request = members_pb2.InviteRequest(
        membership=membership, tier=tier, expires_on=expires_on.isoformat() if expires_on else ""
    )
    session.write("Members.Invite", request, request_id)


@click.command()
@_membership
@click.argument("tier")
@click.option("--paid", type=MONEY, help="It was bought, for exactly its price, such as 50USD.")
@click.option("--invitation", type=click.IntRange(min=1), help="It was accepted: the number.")
@click.option("--match", metavar="PROGRAMME/TIER", help="A tier of another programme brings it.")
@click.option("--until", type=DAY, help="It was held in an older scheme, to that day.")
@request_id_option
@signed_options
def grant_tier(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    tier: str,
    request_id: str | None,
    **by: object,
) -> None:
    """Give TIER to a membership: say with one option how the member comes by it."""
    named = [way for way, option in _OPTION_OF_WAYS.items() if by[option] is not None]
    if len(named) != 1:
        message = "say how: one of --paid, --invitation, --match and --until"
        raise click.UsageError(message)
    request = members_pb2.GrantTierRequest(membership=membership, tier=tier, way=named[0])
    _say_how(request, by[_OPTION_OF_WAYS[named[0]]])
    session.write("Members.GrantTier", request, request_id)


def _say_how(request: members_pb2.GrantTierRequest, how: object) -> None:
    if isinstance(how, common_pb2.Amount):
        request.paid.CopyFrom(how)
    elif isinstance(how, int):
        request.invitation = how
    elif isinstance(how, date):
        request.until = how.isoformat()
    else:
        programme, _, tier = str(how).partition("/")
        request.matched_programme, request.matched_tier = programme, tier


@click.command()
@_membership
@click.argument("rule")
@request_id_option
@signed_options
def register(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    rule: str,
    request_id: str | None,
) -> None:
    """Register a membership for the promotion of that RULE, from now on."""
    request = members_pb2.RegisterRequest(membership=membership, rule=rule)
    session.write("Members.Register", request, request_id)


@click.command()
@_membership
@signed_options
def tiers(session: Session, *, membership: common_pb2.MembershipRef) -> None:
    """Every tier that a membership had, and what is counted for it in this period."""
    request = members_pb2.ListTiersRequest(membership=membership)
    found = session.read("Members.ListTiers", request, members_pb2.TierHistory)
    if session.as_json:
        output.show_json(output.as_dict(found))
        return
    name = f"{membership.programme}/{membership.member_number}"
    output.show_table(f"Tiers of {name}", output.TERM_COLUMNS, map(output.term_row, found.terms))
    if found.counters:
        counted = [(counter.counter, counter.value) for counter in found.counters]
        output.show_table("Counted in this period", ("counter", "value"), counted)
    if found.invitations:
        output.note(f"Open invitations: {', '.join(map(str, found.invitations))}")
