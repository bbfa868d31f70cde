"""`coalition rates`: the rate book, and how it changes."""

from datetime import datetime
from fractions import Fraction
from importlib import resources
from pathlib import Path

import click

from coalition.rate_export import export, write_book
from coalition.v1 import rates_pb2
from gateway.cli import conversion_commands as published
from gateway.cli import output, rate_decisions, rate_proposals
from gateway.cli.points import decimals, points_exponent_option, read_with_decimals
from gateway.cli.rate_tables import Shown, proposal_rows, show_book
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import EXACT, INSTANT, PART, fraction, per_minor_unit
from gateway.cli.what_if_command import what_if


@click.group()
def rates() -> None:
    """The rate book: what points are worth, and terms of pairs.

    What one person proposes, another approves. Whatever has no command of its own is proposed
    with `coalition rates propose-file`.
    """


@rates.command(name="list")
@click.option("--programme", default="", help="What concerns one programme; by default all.")
@click.option("--as-of", type=INSTANT, help="As the book stood then; by default its history.")
@signed_options
def list_rates(session: Session, *, programme: str, as_of: datetime | None) -> None:
    """The rate book, in whole points and units."""
    request = rates_pb2.ListRatesRequest(programme=programme, as_of=as_of)
    book, known = read_with_decimals(session, "Rates.ListRates", request, rates_pb2.RateBook)
    if session.as_json:
        output.show_json(output.as_dict(book))
        return
    show_book(book, Shown(session.profile.currency.exponent, known))


@rates.command()
@click.argument("programme")
@click.option("--rate-in", type=EXACT, help="Shared units for a point going in.")
@click.option("--cost-out", type=EXACT, help="Shared units for a point going out.")
@click.option("--fee", type=PART, default="0", show_default=True, help="Part kept on the way in.")
@click.option(
    "--spread", type=PART, default="0", show_default=True, help="Further part kept on the way in."
)
@click.option("--effective-from", type=INSTANT, help="By default when it is approved.")
@click.option("--reason", required=True, help="Why, for the record.")
@points_exponent_option
@request_id_option
@signed_options
def propose(  # noqa: PLR0913 - one parameter per option
    session: Session,
    *,
    programme: str,
    rate_in: Fraction | None,
    cost_out: Fraction | None,
    fee: Fraction,
    spread: Fraction,
    effective_from: datetime | None,
    reason: str,
    points_exponent: int | None,
    request_id: str | None,
) -> None:
    """Propose a rate for PROGRAMME. It takes effect when it is approved.

    Rates are whole shared units per whole point: --rate-in 0.50 says that a point is worth
    half a unit. Decimals and fractions (1/3) are kept exactly. Without one of the two that way
    is closed; terms of a pair need no cost out of its target.
    """
    if rate_in is None and cost_out is None:
        raise click.UsageError("say --rate-in, --cost-out or both")
    shared = session.profile.currency.exponent
    exponent = decimals(session).exponent_of(programme, points_exponent)
    terms = rates_pb2.RateTerms(
        programme=programme,
        rate_in=None if rate_in is None else per_minor_unit(rate_in, shared, exponent),
        cost_out=None if cost_out is None else per_minor_unit(cost_out, shared, exponent),
        fee=fraction(fee),
        spread=fraction(spread),
    )
    change = rates_pb2.BookChange(rate=terms, effective_from=effective_from)
    request = rates_pb2.ProposeRequest(changes=[change], reason=reason)
    session.write("Rates.Propose", request, request_id, told=lambda _, made: proposal_rows(made))


@rates.command(name="export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@signed_options
def export_rates(session: Session, *, file: Path) -> None:
    """Write the whole book to FILE as JSON, each version with the number of its signed entry.

    `coalition verify` compares it with the entries of your feed.
    """
    request = rates_pb2.ListRatesRequest()
    book = session.read("Rates.ListRates", request, rates_pb2.RateBook)
    write_book(file, export(session.profile.coalition, book))
    if session.as_json:
        output.show_json({"file": str(file), "versions": len(book.versions)})
    else:
        output.note(f"{len(book.versions)} versions are in {file}.")


@rates.command()
def sample() -> None:
    """A file of changes to begin with, for `coalition rates propose-file`."""
    text = (resources.files("gateway.samples") / "rate_book.toml").read_text(encoding="utf-8")
    click.echo(text, nl=False)


for command in (
    rate_proposals.pair,
    rate_proposals.money,
    rate_proposals.guard_rails,
    rate_proposals.limits,
    rate_proposals.safeguards,
    rate_proposals.resume,
    rate_proposals.propose_file,
    rate_proposals.schema,
    rate_decisions.proposals,
    rate_decisions.show,
    rate_decisions.approve,
    rate_decisions.reject,
    rate_decisions.withdraw,
    rate_decisions.consent,
    rate_decisions.stop,
    published.load,
    published.check,
    published.convert,
    what_if,
):
    rates.add_command(command)
