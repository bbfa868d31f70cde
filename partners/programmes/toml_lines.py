"""On which line of a TOML document a value stands.

The parser of the standard library keeps no positions. A statement of TOML (a table header, or
a key with its value) is a document by itself, so the parser is asked where each one ends.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the root to a value."""

MAX_PARSED_LINES = 200_000
"""Work after which the search ends, about a second: the end of a statement of many lines is
found in quadratic time. A definition of the largest size in plain statements is 30,000."""

MAX_DEPTH = 8
"""Inside one statement. What lies deeper has the line of what is around it."""


def locate(text: str, paths: Sequence[Path]) -> list[int | None]:
    """Give for each path the line, from 1, of the statement that sets the value there.

    `text` is valid TOML. For a value that is not there, the line of the innermost table or
    list around it that is; None where that is the document itself. What stands below a value
    that is nested as deep as can be parsed at all has no line either.
    """
    lines = _lines_by_path(text)
    return [_innermost(path, lines) for path in paths]


def _innermost(path: Path, lines: Mapping[Path, int]) -> int | None:
    around = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[part] for part in around if part in lines), None)


def _lines_by_path(text: str) -> Mapping[Path, int]:
    found: dict[Path, int] = {}
    last_index: dict[Path, int] = {}
    table: Path = ()
    for line, is_header, parsed in _statements(text):
        if is_header:
            table = _opened(parsed, last_index)
            paths = [table[:length] for length in range(1, len(table) + 1)]
        else:
            paths = [table + path for path in _paths(parsed)]
        for path in paths:
            found.setdefault(path, line)
    return found


def _statements(text: str) -> Iterator[tuple[int, bool, Mapping[str, Any]]]:
    """Each statement: its first line, whether it is a table header, and what it parses to."""
    lines = text.replace("\r\n", "\n").split("\n")
    start, end, work = 0, 1, 0
    while end <= len(lines) and work < MAX_PARSED_LINES:
        work += end - start
        try:
            parsed = tomllib.loads("\n".join(lines[start:end]))
        except tomllib.TOMLDecodeError:  # it goes on
            end += 1
            continue
        except RecursionError:  # the whole was parsed with some more of the stack left
            return
        if parsed:
            yield start + 1, lines[start].lstrip().startswith("["), parsed
        start, end = end, end + 1


def _opened(header: Mapping[str, Any], last_index: dict[Path, int]) -> Path:
    """The path that a table header opens; counts the tables of each array of tables."""
    path: Path = ()
    node: Any = header
    while node:
        ((key, node),) = node.items()
        path += (key,)
        if isinstance(node, list):
            last_index[path] = last_index.get(path, -1) + 1
            return (*path, last_index[path])
        if path in last_index:
            path += (last_index[path],)
    return path


def _paths(value: object, depth: int = MAX_DEPTH) -> Iterator[Path]:
    """The paths of all values inside a table or a list, to a depth."""
    if depth == 0:
        return
    items: Sequence[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, inner in items:
        yield (key,)
        yield from ((key, *path) for path in _paths(inner, depth - 1))
