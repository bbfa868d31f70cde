"""Where does everything lie? The data directory, the socket, and what root keeps for everybody.

Inside a data directory: ``pg18`` (the cluster with its settings, log and socket, of the server's
account and nobody else's), ``start.lock`` and ``users.lock`` (of whoever made the directory).
"""

import hashlib
import os
import re
import stat
import subprocess
import tempfile
from pathlib import Path

from gateway.postgres.account import Account, account_for
from gateway.postgres.errors import EmbeddedPostgresError

SHARED_HOME = Path("/var/lib/coalition")
"""What root keeps beside the checkouts: data directories and copies of PostgreSQL's programs."""

PORT = 5432
"""Only a part of the socket's name: nothing listens on a network."""

SOCKET_NAME = f".s.PGSQL.{PORT}"

# sockaddr_un.sun_path is 108 bytes, the last one zero (unix(7)).
_SOCKET_PATH_MAX_BYTES = 107
# PostgreSQL splits its list of socket directories at commas, SQLAlchemy a host at colons.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+=~-]+")
# Enough of SHA-256 that two directories never meet by accident.
_HASH_DIGITS = 16


def reachable_data_dir(preferred: Path) -> Path:
    """``preferred`` if a server can work there, else a directory of its own where one can.

    A checkout below /root is closed to the account that runs the server for root; the directory is
    then below /var/lib/coalition. For another user whose checkout is not writable it is below
    ``$XDG_STATE_HOME/coalition`` (``~/.local/state/coalition``). It depends on the preferred path
    only, so that every process of a checkout finds the same one. No directory is created.
    """
    preferred = preferred.resolve()
    if _usable(preferred):
        return preferred
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", str(preferred))[-24:].strip("-.")
    return _spare_home() / "data" / f"{readable}-{_digest(preferred)}"


def prepare_data_dir(data_dir: Path) -> Path:
    """Creates the data directory, and what is missing on the way there, and returns it resolved.

    Others may enter what root creates, or the server's account could not; they may not list it.
    Whatever was there before keeps its permissions.

    Raises:
        EmbeddedPostgresError: it cannot be created, or the server's account may not enter it.

    """
    data_dir = data_dir.resolve()
    _require_entry(account_for(data_dir), _nearest_existing(data_dir))
    umask = 0o066 if os.geteuid() == 0 else 0o077
    make_directory(data_dir, umask=umask)
    _require_entry(account_for(data_dir), data_dir)
    if not os.access(data_dir, os.W_OK):
        raise EmbeddedPostgresError(
            f"The data directory {data_dir} is not writable for the user id {os.geteuid()}. Run "
            "as the user it belongs to, or use a data directory of your own."
        )
    return data_dir


def make_directory(path: Path, *, umask: int) -> None:
    """Creates a directory and its missing parents, each with its permissions from the first moment.

    By a program, since our own umask belongs to all our threads.
    """
    result = subprocess.run(
        ["mkdir", "-p", "--", os.fspath(path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        umask=umask,
        check=False,
    )
    if result.returncode != 0:
        raise EmbeddedPostgresError(
            f"The directory {path} cannot be created: {result.stderr.strip()}. Use another data "
            "directory."
        )


def shared_home() -> Path:
    """The directory that root keeps for everybody, made if missing.

    Raises:
        EmbeddedPostgresError: others could change what is in it.

    """
    make_directory(SHARED_HOME, umask=0o022)
    found = SHARED_HOME.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedPostgresError(
            f"{SHARED_HOME} must be a directory of root's that nobody else may write to: programs "
            f"are run from there. Look at what is in it, then: chown root {SHARED_HOME} && "
            f"chmod 755 {SHARED_HOME}"
        )
    return SHARED_HOME


def socket_directory(cluster: Path, account: Account) -> Path:
    """Where the server shall put its socket: in the cluster, whose directory is private already.

    Where that path is too long for a socket, or has characters that a host name in a URL cannot
    have, a private directory with a short name. (Clients of a running server read its directory
    from the server's pid file.)

    Raises:
        EmbeddedPostgresError: that directory exists and is not ours, so that somebody else might
            listen in it.

    """
    if _fits(cluster):
        return cluster
    name = f"coalition-{account.uid}-{_digest(cluster)}"
    for parent in (Path(tempfile.gettempdir()).resolve(), Path("/tmp")):  # noqa: S108
        if _fits(parent / name) and account.barrier(parent) is None:
            return _private_directory(parent / name, account)
    raise EmbeddedPostgresError(
        f"The path {cluster} is too long for a socket, and the directory for temporary files is "
        "no better. Use a data directory with a shorter path, or set TMPDIR to one."
    )


def _private_directory(path: Path, account: Account) -> Path:
    """Creates it, or accepts it if it is the account's own, for nobody else, and not a link."""
    try:
        path.mkdir(mode=0o700)
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except FileExistsError:
        pass
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise EmbeddedPostgresError(
            f"{path} is not a private directory of the user {account.name!r}: somebody else put "
            "it there. Remove it, or set TMPDIR to another directory."
        )
    return path


def _usable(data_dir: Path) -> bool:
    existing = _nearest_existing(data_dir)
    try:
        account = account_for(data_dir)
        return account.barrier(existing) is None and os.access(existing, os.W_OK | os.X_OK)
    except EmbeddedPostgresError:
        return False


def _spare_home() -> Path:
    if os.geteuid() == 0:
        return SHARED_HOME
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "coalition"


def _require_entry(account: Account, directory: Path) -> None:
    barrier = account.barrier(directory)
    if barrier is None:
        return
    reason = " (PostgreSQL refuses to run as root)" if account.switched else ""
    raise EmbeddedPostgresError(
        f"The server runs as the user {account.name!r}{reason}, which may not enter {barrier}, on "
        f"the way to the data directory. Use a data directory elsewhere, such as "
        f"{_spare_home() / 'data'}, or run as the user whose directory it is."
    )


def _nearest_existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if os.path.lexists(place))


def _fits(directory: Path) -> bool:
    socket = os.fspath(directory / SOCKET_NAME)
    fits = len(os.fsencode(socket)) <= _SOCKET_PATH_MAX_BYTES
    return fits and _PLAIN_PATH.fullmatch(socket) is not None


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:_HASH_DIGITS]
