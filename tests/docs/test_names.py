"""What the pages name is there: modules, functions, files, packages."""

import importlib
import re
from functools import reduce
from pathlib import Path

import pytest

from docs.markdown import ROOT, page

ROOMS = ("proto", "gateway", "partners", "settlement")
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"))
)

_NAME = re.compile(r"`((?:coalition|gateway|partners|settlement)(?:\.\w+)+)`")
_PATH = re.compile(
    r"`((?:proto|gateway|partners|settlement|tests|docs|requirements|\.ci)/[^`\s<.]*(?:\.\w+)*)`"
)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
_FILES = (".json", ".toml", ".proto")


def named(text: str) -> set[str]:
    found = set(_NAME.findall(text))
    return {name for name in found if not name.endswith(_FILES) and name != "coalition.v1"}


def resolve(name: str) -> object:
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[length:], module)
    raise AssertionError(name)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_exists(name: str) -> None:
    text = page(name)
    for dotted in sorted(named(text)):
        assert resolve(dotted) is not None
    paths = {path for path in _PATH.findall(text) if not path.endswith("...")}
    missing = {path for path in paths if not (ROOT / path).exists()}
    assert missing == set()


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    here = (ROOT / name).parent
    missing = {link for link in _LINK.findall(page(name)) if not (here / link).exists()}
    assert missing == set()


def test_the_traces_are_long_enough_to_be_followed() -> None:
    assert len(named(page("docs/ARCHITECTURE.md"))) > 40


def test_every_room_and_package_has_its_sentence() -> None:
    told = set(re.findall(r"^\| `([\w/]+)/` \|", page("docs/ARCHITECTURE.md"), re.MULTILINE))
    packages = {
        str(path.parent.relative_to(ROOT)) for room in ROOMS for path in _packages(ROOT / room)
    }
    assert told == packages | set(ROOMS)


def _packages(room: Path) -> list[Path]:
    """The versions of the schema belong to the migrations."""
    return [path for path in room.rglob("__init__.py") if path.parent.name != "versions"]
