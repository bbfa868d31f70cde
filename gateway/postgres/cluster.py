"""What does the server serve? The cluster's making, and the settings it is started with."""

import os
import shutil
import tempfile
from pathlib import Path

from gateway.postgres.account import CLUSTER, Account
from gateway.postgres.binaries import Programs
from gateway.postgres.errors import EmbeddedPostgresError
from gateway.postgres.places import PORT

SUPERUSER = "coalition"

_MAJOR_VERSION = "18"
_UNFINISHED_PREFIX = f"{CLUSTER}.new-"
_INITDB_TIMEOUT_SECONDS = 600
_INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    # The builtin provider sorts by code point on every machine: no system library's upgrade
    # changes an index.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--auth-local=peer",
    "--auth-host=reject",
    "--no-instructions",
)

_HEADER = """\
# Written by the coalition gateway at each start of the server: changes to this file are lost.
# For settings of your own use ALTER SYSTEM, which is kept and comes last.
"""

_SETTINGS = """\
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 100

# For a laptop-class machine: 2 cores, 24 GB.
shared_buffers = 256MB
effective_cache_size = 8GB
work_mem = 16MB
maintenance_work_mem = 256MB
random_page_cost = 1.1
jit = off
dynamic_shared_memory_type = posix

wal_level = replica
wal_compression = {wal_compression}
min_wal_size = 512MB
max_wal_size = 4GB
checkpoint_timeout = 15min
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}

# One file for each day of the week.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
# What an error is about stands in its details, its context and its statement: rows, that is
# members' numbers. None of these is logged; the gateway's own log says which call it was.
log_error_verbosity = terse
log_min_error_statement = panic
log_statement = 'none'
log_min_duration_statement = -1
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0

timezone = 'UTC'
datestyle = 'iso, mdy'
lc_messages = 'C'
lc_monetary = 'C'
lc_numeric = 'C'
lc_time = 'C'
default_text_search_config = 'pg_catalog.english'
"""

_HBA = """\
# Only processes of the users that pg_ident.conf names, and only by the socket.
local all         {superuser} peer map=coalition
local replication {superuser} peer map=coalition
"""


def create_cluster(data_dir: Path, account: Account, programs: Programs, *, durable: bool) -> Path:
    """The cluster of a data directory, made by initdb unless it is there.

    It gets its name when it is complete, so that one whose making was interrupted is never taken
    for a cluster: it is thrown away and made anew. (A new name each time: the initdb of a killed
    process may still be at work in the old one.) Call it under the start lock.

    Raises:
        EmbeddedPostgresError: initdb failed, or what is there is no cluster of this version.

    """
    cluster = data_dir / CLUSTER
    for unfinished in data_dir.glob(f"{_UNFINISHED_PREFIX}*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    if not _is_initialised(cluster):
        work = Path(tempfile.mkdtemp(prefix=_UNFINISHED_PREFIX, dir=data_dir))
        try:
            _initialise(work, account, programs, durable=durable)
            work.rename(cluster)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if durable:
            _sync_directory(data_dir)
    return cluster


def write_settings(
    cluster: Path, account: Account, programs: Programs, *, socket_dir: Path, durable: bool
) -> None:
    """Writes the configuration anew, so that a new version's settings apply from its first start.

    The operating system says who connects (peer): the server's account and root, who may do what
    that account does anyway.
    """
    settings = _SETTINGS.format(
        port=PORT,
        socket_dir=socket_dir,
        wal_compression="lz4" if programs.have_lz4(account) else "off",
        durable="on" if durable else "off",
    )
    account.write_file(cluster / "postgresql.conf", _HEADER + settings)
    account.write_file(cluster / "pg_hba.conf", _HEADER + _HBA.format(superuser=SUPERUSER))
    account.write_file(cluster / "pg_ident.conf", _HEADER + _identities(account))


def _identities(account: Account) -> str:
    quoted = ('"' + name.replace('"', '""') + '"' for name in (account.name, "root"))
    return "".join(f"coalition {name} {SUPERUSER}\n" for name in quoted)


def _is_initialised(cluster: Path) -> bool:
    """Whether there is a cluster. An empty directory of its name is none, and is replaced."""
    try:
        if not any(cluster.iterdir()):
            return False
        version = (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if not os.path.lexists(cluster):
            return False
        version = "unknown"
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The cluster {cluster} cannot be read: {error.strerror}. Run as the user it belongs "
            "to, or use a data directory of your own."
        ) from error
    if version != _MAJOR_VERSION:
        raise EmbeddedPostgresError(
            f"{cluster} is not a cluster of PostgreSQL {_MAJOR_VERSION} (its PG_VERSION: "
            f"{version}). Restore it from a backup, or use another data directory."
        )
    return True


def _initialise(work: Path, account: Account, programs: Programs, *, durable: bool) -> None:
    os.chown(work, account.uid, account.gid, follow_symlinks=False)
    options = [*_INITDB_OPTIONS, f"--pgdata={work}"] + ([] if durable else ["--no-sync"])
    account.require([programs.path("initdb"), *options], timeout_seconds=_INITDB_TIMEOUT_SECONDS)


def _sync_directory(path: Path) -> None:
    """Makes the new name last through a power failure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
