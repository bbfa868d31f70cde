"""The commands that open a database, as an operator types them: in processes of their own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coalition.client import Client
from coalition.keyfiles import read_key
from coalition.profile import read_profile
from coalition.signing import key_id, public_bytes
from coalition.v1 import partners_pb2
from gateway.postgres import reachable_data_dir

COMMAND = [sys.executable, "-c", "from gateway.cli.main import main; main()"]
PASSPHRASE = "open sesame, please"


def coalition(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, "COALITION_PASSPHRASE": PASSPHRASE},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(home: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    target = f"127.0.0.1:{free_port()}"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--data-dir", str(home), "--listen", target, *options],
        env={**os.environ, "COALITION_PASSPHRASE": PASSPHRASE},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "Serving on port" in line:
                break
        else:
            pytest.fail("the gateway ended before it served")
        yield target, process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data directory that the database's account can reach, whoever runs the tests."""
    path = reachable_data_dir(tmp_path / "home")
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_from_init_to_settle_on_the_embedded_database(home: Path) -> None:
    told = coalition("init", "--data-dir", str(home), "--administrators", "alice,bob")
    everything = told.stdout + told.stderr
    assert "PRIVATE" not in everything
    assert PASSPHRASE not in everything
    for path in (home / "keys").iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    profile = read_profile(home / "coalition.json")
    assert profile.currency.exponent == 2

    with served(home) as (target, process):
        alice = read_key(home / "keys" / "alice.key", PASSPHRASE.encode())
        with Client(target, profile, "alice", alice) as client:
            found = client.read(
                "Partners.ListPartners",
                partners_pb2.ListPartnersRequest(),
                partners_pb2.PartnerList,
            )
        assert [partner.partner for partner in found.partners] == ["operator"]
        # Settlement and check run beside the gateway, on the same embedded database.
        settled = json.loads(coalition("settle", "--data-dir", str(home), "--json").stdout)
        checked = json.loads(coalition("check", "--data-dir", str(home), "--json").stdout)
        assert settled["settlement"] is None
        assert checked == {"entries": 1, "problems": []}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    again = coalition("init", "--data-dir", str(home), expect=1)
    assert "already" in again.stderr


def test_a_rotated_key_signs_and_the_old_one_goes_on_verifying(home: Path) -> None:
    coalition("init", "--data-dir", str(home), "--administrators", "alice,bob")
    before = read_profile(home / "coalition.json")
    coalition("rotate-key", "--data-dir", str(home))
    after = read_profile(home / "coalition.json")
    assert after.gateway_keys[:1] == before.gateway_keys
    assert len(after.gateway_keys) == 2

    with served(home) as (target, _):
        alice = read_key(home / "keys" / "alice.key", PASSPHRASE.encode())
        with Client(target, after, "alice", alice) as client:
            answer = client.write(
                "Partners.RevokeKey",
                partners_pb2.RevokeKeyRequest(keyid=_other_key(home)),
            )
    assert answer.envelope.signatures[0].keyid == after.gateway_keys[1].keyid
    assert coalition("check", "--data-dir", str(home)).stdout.endswith("no problem.\n")


def _other_key(home: Path) -> str:
    return key_id(public_bytes(read_key(home / "keys" / "bob.key", PASSPHRASE.encode())))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["serve"], "coalition init"),
        (["init", "--administrators", "alice"], "at least two"),
        (["init", "--administrators", "alice,alice"], "at least two"),
        (["init", "--currency", "coin"], "not of the form"),
        (["init", "--passphrase-file", "not-there"], "not-there"),
        (["settle", "--database-url", "postgresql://127.0.0.1:1/none"], "out of reach"),
    ],
)
def test_mistakes_are_told_in_plain_words(home: Path, arguments: list[str], says: str) -> None:
    command = [*COMMAND, arguments[0], "--data-dir", str(home), *arguments[1:]]
    environment = {**os.environ, "COALITION_PASSPHRASE": PASSPHRASE}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    assert says in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_a_gateway_that_is_killed_starts_again(home: Path, tmp_path: Path) -> None:
    secret = tmp_path / "gateway pass"
    secret.write_text(PASSPHRASE)
    told = coalition("init", "--data-dir", str(home), "--passphrase-file", str(secret))
    following = f"coalition serve --data-dir {home} --passphrase-file '{secret}'"
    assert told.stderr.endswith(f"Next: {following}\n")
    with served(home) as (_, process):
        process.kill()
        process.wait()
    started = time.monotonic()
    with served(home) as (target, _):
        profile = read_profile(home / "coalition.json")
        key = read_key(home / "keys" / "admin-one.key", PASSPHRASE.encode())
        with Client(target, profile, "admin-one", key) as client:
            client.read(
                "Partners.ListPartners",
                partners_pb2.ListPartnersRequest(),
                partners_pb2.PartnerList,
            )
    assert time.monotonic() - started < 120


def test_a_restored_data_directory_is_told_from_the_one_that_was_signed(home: Path) -> None:
    """A cold backup of the database is put back under a checkpoint that stayed."""
    coalition("init", "--data-dir", str(home), "--administrators", "alice,bob")
    with served(home):
        pass
    database = reachable_data_dir(home.absolute() / "postgres")
    backup = database.with_name(f"{database.name}-backup")
    subprocess.run(["cp", "-a", database, backup], check=True)
    revoked = _other_key(home)
    with served(home) as (target, _):
        alice = read_key(home / "keys" / "alice.key", PASSPHRASE.encode())
        with Client(target, read_profile(home / "coalition.json"), "alice", alice) as client:
            client.write("Partners.RevokeKey", partners_pb2.RevokeKeyRequest(keyid=revoked))
    elsewhere = home / "elsewhere"
    shutil.copy(home / "checkpoint", elsewhere)
    shutil.rmtree(database)
    backup.rename(database)

    for command in (["serve"], ["settle"], ["rotate-key"], ["review"]):
        refused = coalition(*command, "--data-dir", str(home), expect=1).stderr
        assert "DATABASE_BEHIND: the database holds 1 entries, and 2 were signed" in refused
        assert "Restore a newer state" in refused
    checked = coalition("check", "--data-dir", str(home), "--json", expect=1).stdout
    assert json.loads(checked)["problems"] == [
        "checkpoint: the first 2 entries: found 1 entries, expected 2 or more"
    ]
    # The copy elsewhere says the same where that in the data directory went back too.
    (home / "checkpoint").unlink()
    there = ("--data-dir", str(home), "--checkpoint-file", str(elsewhere))
    assert "DATABASE_BEHIND" in coalition("settle", *there, expect=1).stderr
    assert "DATABASE_BEHIND" not in coalition("settle", "--data-dir", str(home)).stderr


def workers(process: "subprocess.Popen[str]") -> list[int]:
    """The workers of a `coalition serve`, in the order in which they were started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, command in commands.items() if b"spawn_main" in command]


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("it does not come to hold")


def test_workers_share_a_port_and_none_outlives_the_others(home: Path) -> None:
    coalition("init", "--data-dir", str(home), "--administrators", "alice,bob")
    alice = read_key(home / "keys" / "alice.key", PASSPHRASE.encode())
    profile = read_profile(home / "coalition.json")

    def asked(target: str) -> list[str]:
        request = partners_pb2.ListPartnersRequest()
        with Client(target, profile, "alice", alice) as client:
            found = client.read("Partners.ListPartners", request, partners_pb2.PartnerList)
        return [partner.partner for partner in found.partners]

    with served(home, "--workers", "2") as (target, process):
        threading.Thread(target=process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
        first, second = workers(process)
        # 1. Another server finds the port taken.
        taken = coalition("serve", "--data-dir", str(home), "--listen", target, expect=1)
        assert "is another gateway there?" in taken.stderr
        # 2. One is killed: the other serves on, and it is started again.
        os.kill(first, signal.SIGKILL)
        assert asked(target) == ["operator"]
        until(lambda: len(set(workers(process)) - {first}) == 2)
        assert second in workers(process)
        # 3. Without their supervisor they end, and leave the port.
        left = workers(process)
        process.kill()
        process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))
    with served(home, "--workers", "1", "--listen", target) as (_, process):
        threading.Thread(target=process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
        assert len(workers(process)) == 1
        assert asked(target) == ["operator"]
