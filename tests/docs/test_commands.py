"""Every command that a page shows exists, with the options that it is given."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from docs.markdown import ROOT, page
from docs.test_names import PAGES
from gateway.cli.main import cli

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

_BLOCK = re.compile(r"^```(?:sh|ini|crontab)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:coalition|make) [a-z][^`]*)`")
_COMMAND = re.compile(r"(?:^|[\s/])(coalition|make) ([a-z-].*)$")


def shown(text: str) -> Iterator[list[str]]:
    """Commands in blocks of shell and between backticks, split as a shell does."""
    lines = [line for block in _BLOCK.findall(text) for line in block.splitlines()]
    for line in [*lines, *_INLINE.findall(text)]:
        for part in re.split(r"&&|\||>", line):
            found = _COMMAND.search(part)
            if found is not None:
                yield [found[1], *shlex.split(found[2], comments=True)]


COMMANDS = sorted({tuple(command) for name in PAGES for command in shown(page(name))})


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_that_is_shown_exists(command: tuple[str, ...]) -> None:
    program, *words = command
    if program == "make":
        assert re.search(rf"^{words[0]}:.*## ", MAKEFILE, re.MULTILINE)
        return
    found, rest = walk(words)
    known = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("--")} - known <= {"--help", "--version"}


def walk(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the words name, and what is left of them."""
    context = click.Context(cli, info_name="coalition")
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(context, rest[0])
        assert inner is not None, f"there is no command {rest[0]}"
        command, rest = inner, rest[1:]
    return command, rest


def test_pages_show_commands() -> None:
    assert len(COMMANDS) > 20
