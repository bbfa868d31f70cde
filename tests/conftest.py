"""One PostgreSQL server for the whole run, and a migrated database for each worker or test."""

import fcntl
import shutil
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from coalition.pkcs8 import encrypted_pem
from gateway import logs
from gateway.database import report_engine, upgrade
from gateway.postgres import embedded_postgres, reachable_data_dir

TEMPLATE = "coalition_template"

logs.configure("CRITICAL")

# Speed belongs to the benchmark: a slow machine fails no test. The same tree gives the same result:
# `make test` tries the same examples each time, `make explore` others.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", settings.get_profile("explore"), derandomize=True)
settings.load_profile("same")

# Whoever runs the tests in the background may have them ignore these; processes that the tests
# start would inherit that, and some are there to be interrupted.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


@pytest.fixture(scope="session", autouse=True)
def _quick_key_files() -> Iterator[None]:
    """Key files of tests protect nothing: they need not take their time."""
    with pytest.MonkeyPatch.context() as patch:
        quick = partial(encrypted_pem, rounds=1_000)
        patch.setattr("coalition.pkcs8.encrypted_pem", quick)
        yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run_dir(factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the run's server; the last worker out stops it."""
    shared = _run_dir(tmp_path_factory)
    data_dir = reachable_data_dir(shared / "postgres")
    with _locked(shared / "template.lock"):
        server = embedded_postgres(data_dir, durable=False)
        url = server.__enter__()
        _make_template(url)
    yield url
    with _locked(shared / "template.lock"):
        server.__exit__(None, None, None)
        if not list(data_dir.glob("*/postmaster.pid")):
            shutil.rmtree(data_dir, ignore_errors=True)


def _make_template(url: str) -> None:
    """Migrate one database to head; the others are copies of it."""
    with _administration(url) as connection:
        known = text("select 1 from pg_database where datname = :name")
        if connection.execute(known, {"name": TEMPLATE}).first():
            return
        connection.execute(text(f"create database {TEMPLATE}"))
    engine = create_engine(make_url(url).set(database=TEMPLATE))
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


@contextmanager
def _administration(url: str) -> Iterator[Connection]:
    """A connection for what no transaction may do."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _new_database(url: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    with _administration(url) as connection:
        connection.execute(text(f"create database {name} template {TEMPLATE}"))
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"drop database {name} with (force)"))


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    with _new_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(postgres_url: str) -> Iterator[str]:
    """A migrated database that the tests of a module share."""
    with _new_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def worker_engine(postgres_url: str) -> Iterator[Engine]:
    """A migrated database that the tests of a worker share and leave as they found it."""
    with _new_database(postgres_url) as url:
        engine = report_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def connection(worker_engine: Engine) -> Iterator[Connection]:
    """A connection whose work is rolled back when the test ends."""
    with worker_engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()
