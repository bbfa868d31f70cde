"""As whom does PostgreSQL run? It refuses root, so root needs another account for it."""

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.postgres.errors import EmbeddedPostgresError

CLUSTER = "pg18"
"""The cluster's directory inside a data directory, named after the major version it is for."""

DEDICATED_ACCOUNT = "coalition"
SPARE_ACCOUNT = "nobody"

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SWITCH_REMEDY = "Run as an ordinary user instead, or pass the URL of a database that runs already."
# `-ef` and `-x` are answered by the kernel for the account that asks, access lists included.
_FIRST_CLOSED = 'for d; do [ -x "$d" ] || { printf %s "$d"; exit 0; }; done'
_REPLACE_FILE = 'cat > "$1.new" && mv -f -- "$1.new" "$1"'


@dataclass(frozen=True)
class Account:
    """A user of the operating system. ``switched``: not the one this process runs as."""

    name: str
    uid: int
    gid: int
    switched: bool

    def run(
        self, command: Sequence[str | Path], *, stdin: str = "", timeout_seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end as this account, with none of our environment but the path.

        It has a session of its own: a Ctrl-C at our terminal is ours to handle.

        Raises:
            EmbeddedPostgresError: it cannot be run, or takes longer than that.

        """
        try:
            return subprocess.run(
                [os.fspath(part) for part in command],
                input=stdin,
                timeout=timeout_seconds,
                capture_output=True,
                text=True,
                errors="replace",
                cwd="/",
                env={"PATH": _search_path(), "LC_ALL": "C"},
                umask=0o077,
                start_new_session=True,
                user=self.uid if self.switched else None,
                group=self.gid if self.switched else None,
                extra_groups=os.getgrouplist(self.name, self.gid) if self.switched else None,
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            remedy = f" {_SWITCH_REMEDY}" if self.switched else ""
            raise EmbeddedPostgresError(
                f"Cannot run {command[0]} as the user {self.name!r}: {error}.{remedy}"
            ) from error

    def require(
        self, command: Sequence[str | Path], *, stdin: str = "", timeout_seconds: float = 60
    ) -> str:
        """Like ``run``, for a program that has to succeed; what it printed."""
        result = self.run(command, stdin=stdin, timeout_seconds=timeout_seconds)
        if result.returncode != 0:
            raise EmbeddedPostgresError(
                f"{command[0]}, run as the user {self.name!r}, failed: {printed(result)}"
            )
        return result.stdout

    def barrier(self, directory: Path) -> Path | None:
        """The first directory on the way to this one that the account may not enter, if any."""
        way = [*reversed(directory.parents), directory]
        closed = self.require(["/bin/sh", "-c", _FIRST_CLOSED, "sh", *way])
        return Path(closed) if closed else None

    def write_file(self, path: Path, text: str) -> None:
        """Replaces a file in a directory of this account, as this account.

        Root itself never writes there: whoever owns a directory can put a link in the way.
        """
        self.require(["/bin/sh", "-c", _REPLACE_FILE, "sh", path], stdin=text)


def _search_path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PATH}"


def printed(result: subprocess.CompletedProcess[str]) -> str:
    """What a program said, complaints first."""
    said = "\n".join(part.strip() for part in (result.stderr, result.stdout) if part.strip())
    return said or f"it said nothing and ended with status {result.returncode}"


def account_for(data_dir: Path) -> Account:
    """The account that runs the server of a data directory.

    Not root: ourselves. Root: the owner of the cluster, or of the data directory where that is not
    root either, or else a system account of our own, made when it is missing.

    Raises:
        EmbeddedPostgresError: the cluster is somebody else's, or there is no such account.

    """
    uid = os.geteuid()
    owner = _owner(data_dir / CLUSTER)
    if uid != 0:
        if owner not in (None, uid):
            raise EmbeddedPostgresError(_foreign(data_dir / CLUSTER, owner))
        return _account(_entry(uid), switched=False)
    if owner == 0:
        raise EmbeddedPostgresError(
            f"The cluster {data_dir / CLUSTER} belongs to root, as which PostgreSQL refuses to "
            "run; it was probably copied or restored. Give it back to its account: "
            f"chown -R {_dedicated().pw_name} '{data_dir / CLUSTER}'"
        )
    owner = owner or _owner(data_dir)
    return _account(_entry(owner) if owner else _dedicated(), switched=True)


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EmbeddedPostgresError(
            f"{path} cannot be looked at: {error.strerror}. Run as the user it belongs to, or use "
            "a data directory of your own."
        ) from error


def _foreign(cluster: Path, owner: int | None) -> str:
    return (
        f"The cluster {cluster} belongs to the user with id {owner}, and this process runs as "
        f"{os.geteuid()}. Run as that user, or use a data directory of your own."
    )


def _entry(uid: int) -> pwd.struct_passwd:
    """The passwd entry: PostgreSQL admits a process by the name of its user."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedPostgresError(
            f"The user id {uid} has no name on this machine, and PostgreSQL needs one. Add it to "
            "/etc/passwd, or pass the URL of a database that runs already."
        ) from None


def _account(entry: pwd.struct_passwd, *, switched: bool) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched)


def _dedicated() -> pwd.struct_passwd:
    """Our system account, made if possible; where accounts cannot be made, the spare one."""
    if not _named(DEDICATED_ACCOUNT):
        _add_system_account()
    entry = _named(DEDICATED_ACCOUNT) or _named(SPARE_ACCOUNT)
    if entry is None:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and this machine has no user "
            f"{DEDICATED_ACCOUNT!r}. Add one: useradd --system {DEDICATED_ACCOUNT}"
        )
    return entry


def _named(name: str) -> pwd.struct_passwd | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return entry if entry.pw_uid != 0 else None


def _add_system_account() -> None:
    """Tries to; another process may be faster, and a read-only or minimal machine has no way."""
    program = shutil.which("useradd", path=_SYSTEM_PATH)
    if program is None:
        return
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            [program, *options, "--shell", "/usr/sbin/nologin", DEDICATED_ACCOUNT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
