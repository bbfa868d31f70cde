"""Where the facts from elsewhere are: beside the repository, and not part of it."""

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"


def load(name: str) -> dict[str, Any]:
    """A file of vectors; the test is skipped, saying so, where the folder is absent."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"no vectors: ../shared/vectors/{name} is absent")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
