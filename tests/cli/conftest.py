"""A partner with a key, a profile and a fake gateway, and its command line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coalition.keyfiles import write_key
from coalition.profile import write_profile
from contract.fake_gateway import PARTNER_KEY, PROFILE, SENDER, FakeGateway
from gateway.cli.main import cli

Run = Callable[..., Result]


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as served:
        yield served


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder a partner works in, with its key and the coalition's profile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COALITION_PASSPHRASE", "secret")
    write_key(tmp_path / "partner.key", PARTNER_KEY, b"secret")
    write_profile(tmp_path / "coalition.json", PROFILE)
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """Gives a command; what it raises by mistake is raised here."""
    del home

    def give(*args: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner(catch_exceptions=False).invoke(cli, args, input=stdin)

    return give


@pytest.fixture
def partner(run: Run, home: Path, gateway: FakeGateway) -> Run:
    """Gives a command as the partner, whose options are in ./coalition.toml."""
    settings = f'target = "{gateway.target}"\nsender = "{SENDER}"\nkey = "partner.key"\n'
    (home / "coalition.toml").write_text(settings)
    return run
