"""`coalition settlement document`: of a file without a gateway, or of what the gateway has."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from coalition.v1.settlement_pb2 import Statement
from contract.fake_gateway import SENDER, FakeGateway
from support.stated import stated

Run = Callable[..., Result]

ACCOUNTS = """\
[hotel-h]
name = "Hôtel"
iban = "FR1420041010050500013M02606"
[airline-m]
name = "Airline"
account = "1"
[operator]
name = "Operator"
account = "2"
"""


@pytest.fixture
def file(home: Path) -> str:
    (home / "statement.json").write_bytes(stated(SENDER).json)
    (home / "accounts.toml").write_text(ACCOUNTS, encoding="utf-8")
    return "statement.json"


def made(run: Run, form: str, *more: str) -> Result:
    return run("settlement", "document", "--format", form, "--out", f"out.{form}", *more)


@pytest.mark.parametrize(
    ("form", "begins"), [("pdf", b"%PDF-"), ("camt.053", b"<?xml"), ("pain.001", b"<?xml")]
)
def test_of_a_file_without_a_gateway(
    run: Run, home: Path, file: str, form: str, begins: bytes
) -> None:
    done = made(run, form, "--from", file, "--accounts", "accounts.toml", "--due", "2026-12-03")
    assert done.exit_code == 0, done.output
    assert (home / f"out.{form}").read_bytes().startswith(begins)
    assert f"out.{form}: {form} of {SENDER}, window 1" in done.stderr


def test_of_what_the_gateway_has(partner: Run, gateway: FakeGateway, home: Path) -> None:
    told = stated(SENDER)
    answer = Statement(json=told.json, csv=told.csv, sha256=told.sha256)
    gateway.script = [lambda *_: answer, lambda *_: answer]
    assert made(partner, "pdf", "1").exit_code == 0
    online = (home / "out.pdf").read_bytes()
    (home / "statement.json").write_bytes(told.json)
    assert made(partner, "pdf", "--from", "statement.json").exit_code == 0
    assert (home / "out.pdf").read_bytes() == online
    other = made(partner, "pdf", "2")
    assert other.exit_code == 5
    assert "this is the statement of hotel-h, window 1" in other.stderr


def test_messages_are_the_same_bytes_at_the_same_instant(run: Run, home: Path, file: str) -> None:
    told = ("--from", file, "--accounts", "accounts.toml", "--created", "2026-11-30T06:00:00Z")
    for form in ("camt.053", "pain.001"):
        found = set()
        for _ in range(2):
            assert made(run, form, *told).exit_code == 0
            found.add((home / f"out.{form}").read_bytes())
        assert len(found) == 1


def test_what_cannot_be_done_says_what_to_do(run: Run, home: Path, file: str) -> None:
    (home / "changed.json").write_bytes(stated(SENDER).json.replace(b"20502", b"20503"))
    for form, options, code, told in (
        ("pdf", (), 2, "name a window, or a statement's JSON with --from"),
        ("pdf", ("1", "--from", file), 2, "name a window, or a statement's JSON with --from"),
        ("pdf", ("1",), 2, "to ask the gateway, --target is needed"),
        ("pdf", ("--from", "changed.json"), 5, "the statement does not hold: "),
        ("pdf", ("--from", file, "--money", "EUR"), 2, "no value in EUR"),
        ("pain.001", ("--from", file), 2, "no account of hotel-h"),
        ("pain.001", ("--from", file, "--accounts", "none.toml"), 2, "No such file"),
    ):
        done = made(run, form, *options)
        assert (done.exit_code, told in done.stderr) == (code, True), done.stderr
        assert not (home / f"out.{form}").exists()


MISSING = """
import sys
sys.modules.update(dict.fromkeys({names!r}))
from gateway.cli.main import main
main()
"""
"""A module that is None cannot be found or imported."""


@pytest.mark.parametrize(
    ("form", "names", "told"),
    [
        ("pdf", ["sqlalchemy", "psycopg", "alembic", "pyiso20022", "xsdata"], None),
        ("pain.001", ["sqlalchemy", "psycopg", "alembic", "fpdf", "fontpkg_lato"], None),
        ("pdf", ["fpdf"], "needs fpdf"),
        ("camt.053", ["pyiso20022"], "needs pyiso20022"),
    ],
)
def test_with_part_of_the_packages(
    home: Path, file: str, form: str, names: list[str], told: str | None
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c", MISSING.format(names=names), "settlement", "document"),
            *("--from", file, "--format", form, "--out", "out", "--accounts", "accounts.toml"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=home,
    )
    if told is None:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 2
        assert told in done.stderr
        assert "pip install 'coalition-gateway[documents]'" in done.stderr
