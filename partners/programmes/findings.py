"""What is wrong with a definition, before its line is looked up, and checks of names."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from partners.programmes.forms import shown
from partners.programmes.toml_lines import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem whose line is not looked up yet."""

    path: Path
    problem: str
    remedy: str


def repeated(
    key: tuple[str, str], names: Sequence[str], taken: Sequence[str] = ()
) -> Iterator[Finding]:
    """Ids in a field of a list of tables that stand twice, or are taken elsewhere."""
    table, field = key
    for index, name in enumerate(names):
        if name in names[:index] or name in taken:
            path = (table, index, field)
            yield Finding(path, f"is {shown(name)} a second time", "give each its own")


def unknown(
    path: Path, what: str, named: Iterable[str] | None, known: Sequence[str]
) -> Iterator[Finding]:
    """Names in a list that nothing in the definition has."""
    for index, name in enumerate(named or ()):
        if name not in known:
            yield not_there((*path, index), what, name, known)


def not_there(path: Path, what: str, name: str, known: Sequence[str]) -> Finding:
    """A name that nothing in the definition has."""
    remedy = f"take one of {', '.join(known)}" if known else f"add a {what} of that name"
    return Finding(path, f"is {shown(name)}, and there is no such {what}", remedy)
