"""`coalition call`: any method of the contract, with JSON."""

import sys
from pathlib import Path

import click
from google.protobuf import json_format
from google.protobuf.message import Message

from coalition import methods
from coalition.methods import Kind, Method
from gateway.cli import output
from gateway.cli.session import Session, request_id_option, signed_options


def _show_methods(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - by click
    """List the methods and end: what the options of a signed call are for is not needed."""
    if not value or context.resilient_parsing:
        return
    rows = [
        (found.short_name, found.kind.name.lower(), found.payload.DESCRIPTOR.name, _answer(found))
        for found in sorted(methods.METHODS.values(), key=lambda found: found.short_name)
    ]
    output.show_table("Methods", ("method", "kind", "takes", "gives"), rows)
    context.exit()


def _answer(found: Method) -> str:
    """The name of what is asked for: of a write, what its receipt holds."""
    given = found.response if found.kind is Kind.READ else found.result
    return "" if given is None else given.DESCRIPTOR.name


@click.command()
@click.argument("method")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_methods,
    help="Show all methods and the messages that they take, without a gateway.",
)
@click.option(
    "--data",
    default="{}",
    show_default=True,
    help="Fields of the request as JSON, @FILE, or - for standard input.",
)
@request_id_option
@signed_options
def call(session: Session, method: str, data: str, request_id: str | None) -> None:
    """Call METHOD, such as Members.LookUp, and show the answer.

    --list shows the methods. The header is filled in. Fields are named as in the contract,
    proto/coalition/v1/*.proto; numbers of 64 bits may stand in quotes, bytes are base64.
    Feed.Follow is `coalition feed`.
    """
    found = methods.method(method)
    if found.streaming:
        message = f"{found.short_name} is a stream: say `coalition feed`"
        raise click.UsageError(message)
    request = _request(found, _text(data))
    if found.kind is Kind.WRITE:
        session.write(found.full_name, request, request_id)
    else:
        answer = session.read(found.full_name, request, found.response)
        output.show_message(answer, found.response.DESCRIPTOR.name, as_json=session.as_json)


def _text(data: str) -> str:
    try:
        if data == "-":
            return sys.stdin.read()
        return Path(data[1:]).read_text(encoding="utf-8") if data.startswith("@") else data
    except UnicodeDecodeError:
        message = f"{data} is not UTF-8 text"
        raise click.UsageError(message) from None


def _request(method: Method, text: str) -> Message:
    try:
        return json_format.Parse(text, method.payload())
    except json_format.ParseError as problem:
        name = method.payload.DESCRIPTOR.name
        message = f"--data is no {name}: {problem}"
        raise click.UsageError(message) from None
