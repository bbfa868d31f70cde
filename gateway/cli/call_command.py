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


@click.command()
@click.argument("method")
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

    The header is filled in. Fields are named as in the contract, bytes are base64. Feed.Follow
    is `coalition feed`.
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
