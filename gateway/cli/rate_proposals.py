"""Proposals of one change each, from options, and of many from a file: all in whole units."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from coalition.v1 import rates_pb2
from gateway.cli import output
from gateway.cli.failures import BadUse
from gateway.cli.points import decimals
from gateway.cli.rate_tables import proposal_rows
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import INSTANT
from gateway.rate_files.book_files import RateBookFile, book_file_schema, changes_of
from gateway.rate_files.documents import Document, read_document, validated
from gateway.rate_files.problems import BadFile
from gateway.rate_files.scale import Scale
from gateway.translation.rate_terms import change_message
from partners.exchange.proposals import Change

F = TypeVar("F", bound=Callable[..., Any])

CAPS = ("member-daily", "member-yearly", "pair-daily", "pair-yearly")


def scale_of(session: Session) -> Scale:
    """Decimals of the coalition, as its profile and its gateway have them."""
    return Scale(session.profile.currency.exponent, decimals(session).by_programme)


def propose_changes(
    session: Session, changes: Sequence[Change], reason: str, request_id: str | None
) -> None:
    """Propose changes together, and show what came of it."""
    request = rates_pb2.ProposeRequest(changes=map(change_message, changes), reason=reason)
    session.write("Rates.Propose", request, request_id, told=lambda _, made: proposal_rows(made))


class Proposing(NamedTuple):
    """Who proposes what for when, and why."""

    session: Session
    effective_from: datetime | None
    reason: str
    request_id: str | None

    def propose(self, kind: str, **fields: object) -> None:
        """One change by its fields in a rate book file; None and nothing are left out."""
        given = {name: value for name, value in fields.items() if value is not None}
        entry = {name: value for name, value in given.items() if value not in ((), [], {})}
        if self.effective_from is not None:
            entry["effective_from"] = self.effective_from
        try:
            content = validated({kind: [entry]}, "given", RateBookFile)
            changes = changes_of(Document("given", "", content), scale_of(self.session))
        except BadFile as bad:
            told = (f"{p.field.partition('.')[2]} {p.problem}: {p.remedy}" for p in bad.problems)
            raise BadUse("; ".join(told)) from None
        propose_changes(self.session, changes, self.reason, self.request_id)


def proposal_options(function: F) -> F:
    """Give a command the options of a proposal, as one first argument, a Proposing."""

    def wrapped(session: Session, **options: Any) -> object:  # noqa: ANN401 - what click gives
        proposing = Proposing(
            session,
            options.pop("effective_from"),
            options.pop("reason"),
            options.pop("request_id"),
        )
        return function(proposing, **options)

    wrapped.__doc__, wrapped.__name__ = function.__doc__, function.__name__
    wrapped.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    result: Any = signed_options(wrapped)
    for option in (
        request_id_option,
        click.option("--reason", required=True, help="Why, for the record."),
        click.option("--effective-from", type=INSTANT, help="By default when it is approved."),
    ):
        result = option(result)
    return result  # type: ignore[no-any-return]


def _parts(form: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Takes A:B:C apart, for one value or several; `form` names the parts, [those] optional."""
    names = [name.strip("[]") for name in form.split(":")]
    least = sum(not name.startswith("[") for name in form.split(":"))

    def read(_: click.Context, __: click.Parameter, given: Any) -> Any:  # noqa: ANN401
        if given is None or isinstance(given, tuple):
            return None if given is None else [_split(text) for text in given]
        return _split(given)

    def _split(text: str) -> dict[str, str]:
        parts = text.split(":")
        if not least <= len(parts) <= len(names) or not all(parts):
            message = f"{text!r} is not of the form {form.upper()}"
            raise click.BadParameter(message)
        return dict(zip(names, parts, strict=False))

    return read


def _caps(_: click.Context, __: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, _equals, amount = text.partition("=")
        if name not in CAPS or not amount:
            message = f"{text!r} is not of the form {CAPS[0]}=5000, of {', '.join(CAPS)}"
            raise click.BadParameter(message)
        found[name.replace("-", "_")] = amount
    return found


@click.command()
@click.argument("giving", metavar="SOURCE")
@click.argument("getting", metavar="TARGET")
@click.option("--ratio", required=True, help="Source to target, 3:1, or target per source, 1/3.")
@click.option(
    "--price",
    required=True,
    help="Shared units that the target's issuer is owed for a point of it.",
)
@click.option("--minimum", help="Least points at once.")
@click.option("--increment", help="Points by which an amount grows beyond the least.")
@click.option(
    "--bonus",
    multiple=True,
    callback=_parts("every:gives:funder"),
    help="60000:5000:hotel - for each 60,000 points at once 5,000 more, which hotel pays for.",
)
@click.option(
    "--fee",
    callback=_parts("per_point:currency:[cap]"),
    help="0.0006:USD:99 - money that the member is charged for a point, and the most of it.",
)
@click.option("--cap", "caps", multiple=True, callback=_caps, help=f"{CAPS[0]}=5000, and so on.")
@click.option("--offer", help="Name of an offer beside the standing terms.")
@click.option("--once", is_flag=True, help="A member may use the offer once.")
@click.option("--shortfall-funder", help="Who pays what the source's issuer owes too little.")
@click.option("--effective-to", type=INSTANT, help="By default until replaced.")
@proposal_options
def pair(
    proposing: Proposing, *, giving: str, getting: str, price: str, once: bool, **fields: object
) -> None:
    """Propose terms for conversions from SOURCE to TARGET, in whole points and units."""
    proposing.propose(
        "pair",
        source=giving,
        target=getting,
        settlement_price=price,
        once_per_member=once,
        **fields,
    )


@click.command()
@click.argument("currency")
@click.argument("value")
@proposal_options
def money(proposing: Proposing, *, currency: str, value: str) -> None:
    """Propose what a shared unit is worth: money USD 0.01. From the next window on."""
    proposing.propose("money_value", currency=currency, value=value)


@click.command()
@click.option("--largest-change", help="Largest part by which a figure may move, such as 10%.")
@click.option("--notice", help='Least time from approval to effect, such as "7 days".')
@proposal_options
def guard_rails(proposing: Proposing, **fields: object) -> None:
    """Propose beyond what a change needs a second approval."""
    proposing.propose("guard_rails", **fields)


@click.command()
@click.argument("participant")
@click.option("--net-debit-cap", required=True, help="Most that it may owe, in shared units.")
@click.option("--prefunded", help="Cover that it paid in; adds to the cap.")
@click.option("--reserve", help="What earning may use beyond both, while it is warned.")
@click.option(
    "--alert", "alert_percents", type=int, multiple=True, help="Per cent at which it is told."
)
@proposal_options
def limits(proposing: Proposing, **fields: object) -> None:
    """Propose how much PARTICIPANT may owe on balance."""
    proposing.propose("limits", **fields)


@click.command()
@click.argument("programme", required=False)
@click.option("--ceiling", help="Most points at once.")
@click.option("--minimum", help="Least points at once by rates alone.")
@click.option("--daily-count", type=int, help="Most conversions of a member in 24 hours.")
@click.option("--daily-amount", help="Most points of a member in 24 hours.")
@click.option("--link-cooling", help='How old a link has to be, such as "24 hours".')
@click.option("--earned-cooling", help='How old earned points have to be, such as "2 days".')
@proposal_options
def safeguards(proposing: Proposing, **fields: object) -> None:
    """Propose what keeps conversions of PROGRAMME sane; without one, of all others.

    Without a programme points are told in their minor units.
    """
    proposing.propose("safeguards", **fields)


@click.command()
@click.argument("giving", metavar="SOURCE")
@click.argument("getting", metavar="TARGET")
@proposal_options
def resume(proposing: Proposing, *, giving: str, getting: str) -> None:
    """Propose that SOURCE converts into TARGET again, which was stopped."""
    proposing.propose("resumption", source=giving, target=getting)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="Why, for the record.")
@request_id_option
@signed_options
def propose_file(session: Session, *, file: Path, reason: str, request_id: str | None) -> None:
    """Propose all changes of FILE together (TOML, whole units).

    `coalition rates schema` gives its form, `coalition rates sample` one to begin with.
    """
    document = read_document(file, RateBookFile)
    propose_changes(session, changes_of(document, scale_of(session)), reason, request_id)


@click.command()
def schema() -> None:
    """The form of a file of changes, as JSON Schema."""
    output.show_json(book_file_schema())
