"""`coalition member`: enrol members, change and merge them, look at what they hold."""

import click

from coalition.v1 import common_pb2, members_pb2
from gateway.cli import activity_commands, block_commands, output, tier_commands
from gateway.cli.points import UNKNOWN, Decimals, decimals_if_told, read_with_decimals
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import MEMBERSHIP, MONEY

_MAX_PAGE = 500

_STATES = {
    "active": members_pb2.MEMBERSHIP_STATE_ACTIVE,
    "blocked": members_pb2.MEMBERSHIP_STATE_BLOCKED,
    "closed": members_pb2.MEMBERSHIP_STATE_CLOSED,
}


@click.group()
def member() -> None:
    """Enrol members, their tiers and what they hold.

    A membership is written PROGRAMME/NUMBER, such as hotel/H001.
    """


@member.command()
@click.argument("membership", type=MEMBERSHIP)
@click.option("--tier", default="", help="A tier of the programme; by default the entry tier.")
@click.option("--choice", default="", help="A choice of the programme; by default the first.")
@click.option("--same-as", type=MEMBERSHIP, help="A membership of the same person.")
@click.option("--invitation", type=click.IntRange(min=1), help="Number of an invitation.")
@click.option("--paid", type=MONEY, help="What was paid for the membership, such as 50USD.")
@request_id_option
@signed_options
def enrol(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    tier: str,
    choice: str,
    same_as: common_pb2.MembershipRef | None,
    invitation: int | None,
    paid: common_pb2.Amount | None,
    request_id: str | None,
) -> None:
    """Make a membership."""
    request = members_pb2.EnrolRequest(
        membership=membership,
        tier=tier,
        choice=choice,
        same_member_as=same_as,
        invitation=invitation or 0,
        paid=paid,
    )
    session.write("Members.Enrol", request, request_id)


@member.command()
@click.argument("membership", type=MEMBERSHIP)
@click.option("--tier", default="", help="A tier of the programme, decided by you.")
@click.option("--choice", default="", help="What the member takes from now on.")
@click.option("--chosen-programme", default="", help="Of the choice's programmes the one to earn.")
@click.option("--state", type=click.Choice(list(_STATES)), help="closed forfeits the points.")
@click.option("--red-listed/--not-red-listed", default=None, help="Served first, or no more.")
@request_id_option
@signed_options
def update(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    tier: str,
    choice: str,
    chosen_programme: str,
    state: str | None,
    red_listed: bool | None,
    request_id: str | None,
) -> None:
    """Change a membership: what no option names stays as it is."""
    request = members_pb2.UpdateMembershipRequest(
        membership=membership,
        tier=tier,
        choice=choice,
        state=_STATES[state] if state else None,
        chosen_programme=chosen_programme,
        red_listed=red_listed,
    )
    session.write("Members.UpdateMembership", request, request_id)


@member.command()
@click.argument("kept", type=MEMBERSHIP)
@click.argument("merged", type=MEMBERSHIP)
@request_id_option
@signed_options
def merge(
    session: Session,
    *,
    kept: common_pb2.MembershipRef,
    merged: common_pb2.MembershipRef,
    request_id: str | None,
) -> None:
    """Make one membership of two of one person: points of MERGED move to KEPT."""
    request = members_pb2.MergeRequest(kept=kept, merged=merged)
    session.write("Members.Merge", request, request_id)


@member.command()
@click.argument("number", type=click.IntRange(min=1))
@request_id_option
@signed_options
def unmerge(session: Session, *, number: int, request_id: str | None) -> None:
    """Take the merge of that number back: the points that moved return."""
    session.write("Members.Unmerge", members_pb2.UnmergeRequest(merge=number), request_id)


@member.command()
@click.argument("membership", type=MEMBERSHIP)
@click.option("--yes", is_flag=True, help="Do not ask.")
@request_id_option
@signed_options
def erase(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    yes: bool,
    request_id: str | None,
) -> None:
    """Erase who a closed membership was: its number, and what was stored under it.

    The ledger and its proofs stay, and name nobody. This cannot be taken back.
    """
    name = f"{membership.programme}/{membership.member_number}"
    if not yes:
        click.confirm(f"Erase {name} for ever?", abort=True, err=True)
    session.write("Members.Erase", members_pb2.EraseRequest(membership=membership), request_id)


@member.command()
@click.argument("membership", type=MEMBERSHIP)
@signed_options
def show(session: Session, *, membership: common_pb2.MembershipRef) -> None:
    """Look one membership up."""
    request = members_pb2.LookUpRequest(membership=membership)
    found = session.read("Members.LookUp", request, members_pb2.Membership)
    output.show_message(found, "Membership", as_json=session.as_json)


@member.command()
@click.argument("membership", type=MEMBERSHIP)
@signed_options
def balances(session: Session, *, membership: common_pb2.MembershipRef) -> None:
    """What a membership holds."""
    request = members_pb2.GetBalancesRequest(membership=membership)
    found, known = read_with_decimals(session, "Members.GetBalances", request, members_pb2.Balances)
    output.show_list(
        found,
        found.balances,
        f"{membership.programme}/{membership.member_number}",
        [
            ("currency", lambda b: b.currency),
            ("balance", lambda b: known.in_currency(b.balance_minor, b.currency)),
            ("held", lambda b: known.in_currency(b.held_minor, b.currency)),
            ("credited", lambda b: known.in_currency(b.credited_minor, b.currency)),
            ("debited", lambda b: known.in_currency(b.debited_minor, b.currency)),
        ],
        as_json=session.as_json,
    )


@member.command()
@click.argument("membership", type=MEMBERSHIP)
@click.option("--page-size", type=click.IntRange(1, _MAX_PAGE), default=50, show_default=True)
@click.option("--page-token", default="", help="From the page before; by default the first page.")
@click.option("--all", "everything", is_flag=True, help="All pages, one after the other.")
@signed_options
def history(
    session: Session,
    *,
    membership: common_pb2.MembershipRef,
    page_size: int,
    page_token: str,
    everything: bool,
) -> None:
    """What moved on a membership, oldest first."""
    request = members_pb2.ListActivityRequest(
        membership=membership, page_size=page_size, page_token=page_token
    )
    whole = members_pb2.ActivityPage()
    with session.client() as client:
        while True:
            page = client.read("Members.ListActivity", request, members_pb2.ActivityPage)
            whole.movements.extend(page.movements)
            whole.next_page_token = request.page_token = page.next_page_token
            if not everything or not page.next_page_token:
                break
        known = UNKNOWN if session.as_json else decimals_if_told(client)
    _show_movements(whole, known, as_json=session.as_json)


def _origin(movement: members_pb2.Movement) -> str:
    """The programme that points came from by a conversion, with the versions of its rates."""
    if not movement.from_programme:
        return ""
    return f"{movement.from_programme}, rates {movement.source_rate}/{movement.target_rate}"


def _show_movements(page: members_pb2.ActivityPage, known: Decimals, *, as_json: bool) -> None:
    output.show_list(
        page,
        page.movements,
        "Movements",
        [
            ("number", lambda m: m.number),
            ("accepted", lambda m: output.instant(m.accepted_at)),
            ("entry", lambda m: m.entry_kind),
            ("line", lambda m: m.line_kind),
            ("currency", lambda m: m.currency),
            ("amount", lambda m: known.in_currency(m.amount_minor, m.currency)),
            ("funder", lambda m: m.funder),
            ("rule", lambda m: m.rule),
            ("activity", lambda m: m.activity.reference),
            *([("from", _origin)] if any(m.from_programme for m in page.movements) else []),
        ],
        as_json=as_json,
    )
    if page.next_page_token and not as_json:
        output.note(f"There is more: --page-token {page.next_page_token}, or --all")


for _command in (
    tier_commands.invite,
    tier_commands.grant_tier,
    tier_commands.register,
    tier_commands.tiers,
    activity_commands.claim,
    block_commands.block_member,
    block_commands.unblock_member,
):
    member.add_command(_command)
