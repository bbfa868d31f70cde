"""The units and the crontab that are shipped: their commands exist, and systemd reads them."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gateway.samples
from docs.test_commands import walk
from gateway.calendar_file import read_calendar

SAMPLES = Path(gateway.samples.__path__[0])
UNITS = sorted((SAMPLES / "systemd").iterdir())
COMMAND = re.compile(r"[\w/.]+/bin/coalition ([^>&\n]*)")


@pytest.mark.parametrize("path", [*UNITS, SAMPLES / "crontab"], ids=lambda path: path.name)
def test_what_they_call_exists(path: Path) -> None:
    called = COMMAND.findall(path.read_text())
    assert called or path.suffix == ".timer"
    for command in called:
        found, rest = walk(shlex.split(command))
        known = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= known


def test_each_timer_has_its_service() -> None:
    names = {path.name for path in UNITS}
    timers = [name for name in names if name.endswith(".timer")]
    assert len(timers) == 2
    assert {name.replace(".timer", ".service") for name in timers} <= names


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_reads_them(tmp_path: Path) -> None:
    for path in UNITS:
        text = COMMAND.sub(f"{sys.executable} -m gateway.cli.main", path.read_text())
        (tmp_path / path.name).write_text(text.replace("User=gateway", "User=root"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "coalition" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_sample_calendar_can_be_used() -> None:
    calendar = read_calendar(SAMPLES / "calendar.toml")
    assert (calendar.time_zone, calendar.settlement_days) == ("Europe/Berlin", 2)
