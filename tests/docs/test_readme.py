"""The files that README.md shows are what the product reads."""

import tomllib
from pathlib import Path

import click

from coalition.activity_files import Row, parse_mapping, read_activities
from docs.markdown import page, sections
from gateway.cli.main import cli
from gateway.cli.settings import default_map

(PARTNER,) = (s for s in sections(page("README.md")) if s.title == "Be a partner")


def test_the_mapping_reads_the_file(tmp_path: Path) -> None:
    (csv,), (mapping,) = PARTNER.code("csv stays.csv"), PARTNER.code("toml stays.toml")
    (tmp_path / "stays.csv").write_text(csv, encoding="utf-8")
    rows = list(read_activities(tmp_path / "stays.csv", parse_mapping(mapping.encode())))
    items = [row.item for row in rows if isinstance(row, Row)]
    assert len(items) == len(rows)
    assert [
        (i.membership.member_number, i.activity.key.reference, i.activity.spend[0].amount.minor)
        for i in items
    ] == [("H001", "F-1001", 20_000), ("H001", "F-1002", 9_550)]


def test_the_configuration_names_options_of_send() -> None:
    (settings,) = PARTNER.code("toml coalition.toml")
    command = cli.get_command(click.Context(cli), "send")
    assert command is not None
    parameters = {parameter.name for parameter in command.params}
    named = default_map(command, "send", tomllib.loads(settings))["send"]
    assert set(named) <= parameters
