"""A client in another language, made from the protos and SIGNING.md alone, deals with the gateway.

It needs Node and two npm packages. They are installed once, outside the tree; where Node, npm or
their registry are not at hand, the tests say so and are skipped.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.coalition_day import NOON, Day, coalition_day

HERE = Path(__file__).parent
PROTO = HERE.parents[1] / "proto"
OLDEST_NODE = 20
# What npm says when it cannot reach a registry; all else it says is a failure.
UNREACHABLE = re.compile(
    r"\b(EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|ENOTFOUND|"
    r"ERR_SOCKET_TIMEOUT|ETIMEDOUT|E40[37]|E5\d\d|network request to)\b"
)


def seed(name: str) -> str:
    """Hex of the secret key that `support.coalition_day` gives to a name."""
    return name.encode().ljust(32, b"-")[:32].hex()


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: the client in JavaScript is not tried")
    return found


@pytest.fixture(scope="session")
def node() -> str:
    found = program("node")
    version = subprocess.check_output([found, "--version"], text=True)
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"node is {version.strip()}: the client in JavaScript needs {OLDEST_NODE}")
    return found


@pytest.fixture(scope="session")
def packages(node: str) -> Path:  # noqa: ARG001 - without Node they are of no use
    """The npm packages that package.json names, in a cache that all runs share."""
    wanted = (HERE / "package.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coalition-interop"
    folder = cache / hashlib.sha256(wanted).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "package.json").write_bytes(wanted)
            install(folder)
            (folder / "complete").touch()
    return folder / "node_modules"


def install(folder: Path) -> None:
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    patience = ["--prefer-offline", "--fetch-retries=0", "--fetch-timeout=30000"]
    done = subprocess.run(
        [program("npm"), "install", *options, *patience],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode and (why := UNREACHABLE.search(done.stderr)):
        pytest.skip(f"npm's registry is out of reach ({why[0]}): its packages are not installed")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def client(packages: Path, tmp_path: Path) -> Path:
    """A folder with the client and its packages."""
    for file in HERE.iterdir():
        if file.suffix in {".mjs", ".json", ".toml"}:
            shutil.copy(file, tmp_path)
    (tmp_path / "node_modules").symlink_to(packages)
    return tmp_path


@pytest.fixture
def day(database_url: str) -> Iterator[Day]:
    with coalition_day(database_url) as day:
        day.settled_world()
        yield day


def run(node: str, script: Path, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [node, script, *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def world(day: Day) -> dict[str, Any]:
    """What a partner is told about the coalition, and the keys of those that admit it."""
    return {
        "target": day.target,
        "proto": str(PROTO),
        "profile": day.profile.model_dump(mode="json"),
        "now": NOON.isoformat(),
        "seeds": {name: seed(name) for name in ("admin-one", "admin-two", "airline")},
    }


def test_the_examples_hold_in_another_language(node: str, client: Path) -> None:
    said = run(node, client / "vectors.mjs", str(PROTO))

    found = re.fullmatch(
        r"(\d+) examples of SIGNING.md hold, (\d+) false receipts were seen through\n", said
    )
    assert found is not None, said
    assert int(found[1]) >= 40
    assert int(found[2]) == 20


def test_a_partner_deals_with_the_gateway(node: str, client: Path, day: Day) -> None:
    saw = json.loads(run(node, client / "scenario.mjs", given=json.dumps(world(day))))

    assert saw["balance"] == "6500"
    assert saw["refused"] == [
        "KEY_NOT_ACTIVE",
        "SAME_PERSON",
        "REQUEST_ID_REUSED",
        "DUPLICATE_ACTIVITY",
        "DUPLICATE_ACTIVITY",
        "NOT_FOUND",
        "QUOTE_USED",
        "INSUFFICIENT_BALANCE",
        "BAD_SIGNATURE",
        "WRONG_SENDER",
        "UNKNOWN_KEY",
        "NOT_FOUND",
        "WRONG_SENDER",
        "NOT_AUTHORIZED",
    ]
    quoted = saw["converted"]
    assert (quoted["source_minor"], quoted["target_minor"]) == ("1000", "485")
    # 200 and four times 100 miles beside the points, and 485 for 1,000 points.
    assert day.balance("airline", "NA1") == 1_085
    lines = [(line["kind"], line["currency"], line["amount"]) for line in saw["stay"]["lines"]]
    assert lines == [
        ("BASE", "NODE-POINTS", "2000"),
        ("TIER_BONUS", "NODE-POINTS", "500"),
        ("BASE", "AIR-MILES", "200"),
        ("PRINCIPAL", "COIN", "24000"),
        ("FEE", "COIN", "480"),
    ]
