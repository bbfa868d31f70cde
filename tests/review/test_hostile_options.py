"""Settings and addresses that are not what they should be end in one line, without a secret."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.main import cli

URLS = [
    "mysql://user:secret-password@host/name",
    "secret-password",
    "postgresql://user:secret-password@host:port/name",
    "postgresql+asyncpg://user:secret-password@host/name",
    "sqlite:///secret-password",
    "",
]


@pytest.mark.parametrize("url", URLS)
def test_a_database_url_of_another_kind(url: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        cli, ["check", "--database-url", url, "--data-dir", str(tmp_path / "data")]
    )

    assert done.exit_code == 1
    assert done.output.strip() == (
        "Error: --database-url is not of the form postgresql://user@host:5432/name"
    )


def test_a_configuration_that_is_nested_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "coalition.toml"
    path.write_text("x = " + "[" * 100_000 + "]" * 100_000)

    done = CliRunner().invoke(cli, ["--config", str(path), "rates", "list"])

    assert done.exit_code == 2
    assert "is not TOML" in done.output
