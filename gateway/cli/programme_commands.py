"""`coalition programme`: programme definitions."""

from pathlib import Path

import click

from coalition.v1 import partners_pb2
from gateway.cli import output
from gateway.cli.failures import BadUse
from gateway.cli.session import Session, request_id_option, signed_options
from partners.programmes.definition import BadDefinition, ProgrammeDefinition, parse_definition

_file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def programme() -> None:
    """Publish and check programme definitions (TOML)."""


@programme.command()
@_file_argument
def validate(file: Path) -> None:
    """Check a definition, without a gateway."""
    definition = _parsed(file, file.read_bytes())
    rules = len(definition.earn)
    output.note(
        f"{file} is in order: programme {definition.programme}, currency "
        f"{definition.currency.code}, {rules} earning rules."
    )


@programme.command()
@_file_argument
@request_id_option
@signed_options
def publish(session: Session, *, file: Path, request_id: str | None) -> None:
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
