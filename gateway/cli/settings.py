"""The configuration file: options by their names, for all commands or for one.

Keys of the top level hold for every command that has the option. A table such as
[command.send] or [command.rates.propose] holds for that command alone, and goes first.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

DEFAULT_FILE = Path("coalition.toml")

Settings = Mapping[str, Any]


def read_settings(path: Path | None) -> Settings:
    """What the file says; nothing where none is named and there is no ./coalition.toml.

    Raises click.UsageError.
    """
    chosen = DEFAULT_FILE if path is None else path
    if path is None and not chosen.is_file():
        return {}
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8"))
    except OSError as problem:
        message = f"cannot read the configuration {chosen}: {problem.strerror}"
    except (ValueError, RecursionError) as problem:  # no UTF-8, no TOML, too deep or too long
        message = f"the configuration {chosen} is not TOML: {problem}"
    raise click.UsageError(message)


def default_map(command: click.Command, name: str, settings: Settings) -> dict[str, Any]:
    """Defaults for click: those of the top level, and over them the command's own.

    Raises click.UsageError for a setting of one command that it does not have.
    """
    shared = _scalars(settings)
    shared.pop("command", None)
    return {name: _for_command(command, name, shared, _section(settings, "command", name))}


def _for_command(
    command: click.Command, path: str, shared: Settings, section: Settings
) -> dict[str, Any]:
    own = _scalars(section)
    if not isinstance(command, click.Group):
        _require_known(command, path, own)
        return {**shared, **own}
    return {
        name: _for_command(inner, f"{path}.{name}", {**shared, **own}, _section(section, name))
        for name, inner in command.commands.items()
    }


def _require_known(command: click.Command, path: str, own: Settings) -> None:
    known = {parameter.name for parameter in command.params}
    for name in own:
        if name not in known:
            message = f"the configuration's [command.{path}] has {name!r}, which is no option of it"
            raise click.UsageError(message)


def _scalars(settings: Settings) -> dict[str, Any]:
    """Keys that are no tables, as click names parameters."""
    found = {
        key.replace("-", "_"): value
        for key, value in settings.items()
        if not isinstance(value, dict)
    }
    return {("as_json" if key == "json" else key): value for key, value in found.items()}


def _section(settings: Settings, *path: str) -> Settings:
    for key in path:
        found = settings.get(key)
        settings = found if isinstance(found, dict) else {}
    return settings
