"""`coalition programme`: check, load, compare and try out programmes, and end them."""

import difflib
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from coalition.v1 import partners_pb2
from gateway.cli import output
from gateway.cli.activity_commands import simulate
from gateway.cli.carry_over_command import carry_over
from gateway.cli.failures import BadUse
from gateway.cli.session import Session, request_id_option, signed_options
from gateway.cli.types import INSTANT
from partners.programmes.definition import (
    BadDefinition,
    ProgrammeDefinition,
    definition_schema,
    parse_definition,
)

DIFFERS = 1
"""Exit code of `diff`, as diff(1) has it."""

_PATH = click.Path(dir_okay=False, path_type=Path)
_file_argument = click.argument("file", type=_PATH)


@click.group()
def programme() -> None:
    """Check, load, compare and try out programmes (TOML), and end them."""


@programme.command()
@click.argument("files", metavar="FILE...", type=_PATH, nargs=-1, required=True)
def validate(files: Sequence[Path]) -> None:
    """Check definitions, without a gateway."""
    broken: list[str] = []
    for file in files:
        try:
            output.note(f"{file} is in order: {_summary(_parsed(file, file.read_bytes()))}.")
        except BadUse as bad:
            broken.append(bad.message)
    if broken:
        raise BadUse("\n".join(broken))


def _summary(definition: ProgrammeDefinition) -> str:
    currency = f"currency {definition.currency.code}" if definition.currency else "no points"
    return f"programme {definition.programme}, {currency}, {len(definition.earn)} earning rules"


@programme.command()
def schema() -> None:
    """The form of a definition, as JSON Schema."""
    output.show_json(definition_schema())


@programme.command()
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def samples(*, as_json: bool) -> None:
    """Definitions to start from, which ship with this program."""
    found = [(name, parse_definition(file.read_bytes())) for name, file in _samples().items()]
    if as_json:
        output.show_json({"samples": [{"sample": name, "name": d.name} for name, d in found]})
        return
    rows = [(name, d.name, d.currency.code if d.currency else "") for name, d in found]
    output.show_table("Samples", ("sample", "name", "currency"), rows)
    output.note("`coalition programme show --sample SAMPLE` prints one.")


def _samples() -> dict[str, Traversable]:
    """The files of the samples by their names, sorted."""
    files = resources.files("partners.programmes.samples").iterdir()
    found = {f.name.removesuffix(".toml"): f for f in files if f.name.endswith(".toml")}
    return dict(sorted(found.items()))


@programme.command()
@_file_argument
@request_id_option
@signed_options
def load(session: Session, *, file: Path, request_id: str | None) -> None:
    """Publish a programme of yours, or a new version of it."""
    data = file.read_bytes()
    _parsed(file, data)
    request = partners_pb2.PublishProgrammeRequest(definition=data)
    session.write("Partners.PublishProgramme", request, request_id)


def _parsed(file: Path, data: bytes) -> ProgrammeDefinition:
    try:
        return parse_definition(data)
    except BadDefinition as bad:
        problems = "\n  ".join(str(bad).splitlines())
        message = f"{file} cannot be published:\n  {problems}"
        raise BadUse(message) from None


@programme.command(name="list")
@signed_options
def list_programmes(session: Session) -> None:
    """Every version of every programme, and when those that are wound down end."""
    request = partners_pb2.ListPartnersRequest()
    found = session.read("Partners.ListPartners", request, partners_pb2.PartnerList)
    versions = [version for partner in found.partners for version in partner.programmes]
    output.show_list(
        found,
        versions,
        "Programmes",
        [
            ("programme", lambda v: v.programme),
            ("partner", lambda v: v.partner),
            ("currency", lambda v: v.currency),
            ("decimals", lambda v: v.exponent if v.currency else None),
            ("version", lambda v: v.version),
            ("from", lambda v: output.instant(v.valid_from)),
            ("earns until", lambda v: output.instant(v.earns_until)),
            ("points until", lambda v: output.instant(v.points_until)),
        ],
        as_json=session.as_json,
    )


def _show_sample(context: click.Context, _: click.Parameter, value: str | None) -> None:
    """Print a sample and end: what the options of a signed call are for is not needed."""
    if value is None or context.resilient_parsing:
        return
    known = _samples()
    if value not in known:
        near = difflib.get_close_matches(value, known) or list(known)
        message = f"there is no sample {value}; there are {', '.join(near)}"
        raise click.UsageError(message)
    _print(known[value].read_bytes())
    context.exit()


def _print(definition: bytes) -> None:
    click.echo(definition.decode(), nl=not definition.endswith(b"\n"))


@programme.command()
@click.argument("programme_id", metavar="PROGRAMME")
@click.option("--version", type=click.IntRange(min=1), help="By default the one published last.")
@click.option(
    "--sample",
    is_eager=True,
    expose_value=False,
    callback=_show_sample,
    help="Print a definition that ships with this program instead, without a gateway.",
)
@signed_options
def show(session: Session, *, programme_id: str, version: int | None) -> None:
    """The definition of PROGRAMME as it was published."""
    found = _published(session, programme_id, version)
    if session.as_json:
        shown = output.as_dict(found.programme)
        output.show_json({"programme": shown, "definition": found.definition.decode()})
        return
    _print(found.definition)


def _published(session: Session, programme_id: str, version: int | None) -> partners_pb2.Definition:
    request = partners_pb2.GetDefinitionRequest(programme=programme_id, version=version or 0)
    return session.read("Partners.GetDefinition", request, partners_pb2.Definition)


@programme.command()
@click.argument("programme_id", metavar="PROGRAMME")
@_file_argument
@signed_options
def diff(session: Session, *, programme_id: str, file: Path) -> None:
    """What FILE would change in PROGRAMME. Exit code 1 where they differ."""
    mine = file.read_text(encoding="utf-8")
    published = _published(session, programme_id, None)
    lines = list(
        difflib.unified_diff(
            published.definition.decode().splitlines(),
            mine.splitlines(),
            f"{programme_id}, version {published.programme.version}",
            str(file),
            lineterm="",
        )
    )
    if session.as_json:
        output.show_json({"differs": bool(lines), "diff": lines})
    else:
        for line in lines:
            click.echo(line)
    if lines:
        sys.exit(DIFFERS)


@programme.command()
@click.argument("programme_id", metavar="PROGRAMME")
@click.option("--earns-until", type=INSTANT, required=True, help="From then on it earns no more.")
@click.option("--points-until", type=INSTANT, required=True, help="From then on points are gone.")
@request_id_option
@signed_options
def wind_down(
    session: Session,
    *,
    programme_id: str,
    earns_until: datetime,
    points_until: datetime,
    request_id: str | None,
) -> None:
    """Wind PROGRAMME down: its points are used up between the two instants."""
    request = partners_pb2.WindDownRequest(
        programme=programme_id, earns_until=earns_until, points_until=points_until
    )
    session.write("Partners.WindDown", request, request_id)


programme.add_command(simulate)
programme.add_command(carry_over)
