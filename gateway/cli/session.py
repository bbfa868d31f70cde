"""Options of every command that signs, and the client made from them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
from google.protobuf.message import Message

from coalition.answers import Answer
from coalition.client import Client
from coalition.keyfiles import passphrase as read_passphrase
from coalition.keyfiles import read_key
from coalition.profile import Profile, read_profile
from coalition.receipt_file import ReceiptFile
from gateway.cli import output

F = TypeVar("F", bound=Callable[..., Any])

Told = Callable[[Client, Any], Iterable[tuple[str, str]]]
"""Fields with their values for people, from the result of a write."""

_FILE = click.Path(dir_okay=False, path_type=Path)


class Session(NamedTuple):
    """Who calls whom, as the options say."""

    target: str
    sender: str
    profile: Profile
    key_path: Path
    passphrase_file: Path | None
    ca: Path | None
    receipts: Path | None
    max_wait_seconds: float
    as_json: bool

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client that keeps receipts where the options say so. Raises what its parts raise."""
        key = read_key(self.key_path, read_passphrase(self.passphrase_file))
        tls = None if self.ca is None else self.ca.read_bytes()
        file = None if self.receipts is None else ReceiptFile(self.receipts)
        try:
            client = self._client(key, tls, file)
            with client:
                yield client
        finally:
            if file is not None:
                file.close()

    def _client(self, key: Any, tls: bytes | None, file: ReceiptFile | None) -> Client:  # noqa: ANN401 - a key
        try:
            return Client(
                self.target,
                self.profile,
                self.sender,
                key,
                tls=tls,
                receipts=file,
                max_wait_seconds=self.max_wait_seconds,
            )
        except ValueError as problem:
            message = f"{problem} (--ca FILE)"
            raise click.UsageError(message) from None

    def write(
        self,
        method: str,
        message: Message,
        request_id: str | None = None,
        *,
        told: Told | None = None,
    ) -> list[Message]:
        """One write, and its receipt shown; of a batch, that of every item. Gives the results.

        `told` says for people what the result of one that is accepted is.
        """
        with self.client() as client:
            answer = _written(client, method, message, request_id)
            for outcome in answer.outcomes:
                rows = None
                if told is not None and outcome.result is not None and not self.as_json:
                    rows = told(client, outcome.result)
                output.show_outcome(outcome, as_json=self.as_json, rows=rows)
            return [outcome.result for outcome in answer.outcomes if outcome.result is not None]

    def read(self, method: str, message: Message, kind: type[output.M]) -> output.M:
        """The answer to one read; what becomes of it is the command's business."""
        with self.client() as client:
            return client.read(method, message, kind)


def _written(client: Client, method: str, message: Message, request_id: str | None) -> Answer:
    try:
        return client.write(method, message, request_id)
    except ValueError as problem:  # a request id that cannot be used
        raise click.UsageError(str(problem)) from None


_OPTIONS = (
    click.option(
        "--target",
        required=True,
        envvar="COALITION_TARGET",
        metavar="HOST:PORT",
        help="Where the gateway is.",
    ),
    click.option(
        "--sender",
        required=True,
        envvar="COALITION_SENDER",
        metavar="ID",
        help="The participant or person that signs.",
    ),
    click.option(
        "--key",
        "key",
        required=True,
        type=_FILE,
        envvar="COALITION_KEY",
        help="Key file of the sender.",
    ),
    click.option(
        "--profile",
        type=_FILE,
        default=Path("coalition.json"),
        show_default=True,
        envvar="COALITION_PROFILE",
        help="The coalition's public profile.",
    ),
    click.option(
        "--passphrase-file",
        type=_FILE,
        envvar="COALITION_PASSPHRASE_FILE",
        help="Holds the key's passphrase; else COALITION_PASSPHRASE does.",
    ),
    click.option(
        "--ca",
        type=_FILE,
        envvar="COALITION_CA",
        help="Root certificates (PEM) for TLS; without them only loopback is called.",
    ),
    click.option(
        "--receipts",
        type=_FILE,
        envvar="COALITION_RECEIPTS",
        help="Keeps every write and its signed answer.",
    ),
    click.option(
        "--max-wait-seconds",
        type=click.FloatRange(min=0),
        default=120.0,
        show_default=True,
        envvar="COALITION_MAX_WAIT_SECONDS",
        help="How long to try while the gateway is away.",
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        envvar="COALITION_JSON",
        help="JSON instead of tables.",
    ),
)


def signed_options(function: F) -> F:
    """Give a command the options of a signed call, as one first argument, a Session."""

    def wrapped(**options: Any) -> object:  # noqa: ANN401 - what click gives
        return function(_session(options), **options)

    return _with_options(function, wrapped, _OPTIONS)


def signed_options_when_asked(function: F) -> F:
    """The same for a command that may need no gateway: its first argument makes the Session.

    What makes it raises click.UsageError where an option is missing.
    """

    def wrapped(**options: Any) -> object:  # noqa: ANN401 - what click gives
        own = {name: options.pop(name) for name in _NAMES}

        def session() -> Session:
            for name in _REQUIRED:
                if own[name] is None:
                    message = f"to ask the gateway, --{name} is needed"
                    raise click.UsageError(message)
            return _session(dict(own))

        return function(session, **options)

    return _with_options(function, wrapped, map(_optional, _OPTIONS))


_REQUIRED = ("target", "sender", "key")
_NAMES = (
    *_REQUIRED,
    "profile",
    "passphrase_file",
    "ca",
    "receipts",
    "max_wait_seconds",
    "as_json",
)


def _session(options: dict[str, Any]) -> Session:
    """Takes its options out of all of them."""
    return Session(
        target=options.pop("target"),
        sender=options.pop("sender"),
        profile=read_profile(options.pop("profile")),
        key_path=options.pop("key"),
        passphrase_file=options.pop("passphrase_file"),
        ca=options.pop("ca"),
        receipts=options.pop("receipts"),
        max_wait_seconds=options.pop("max_wait_seconds"),
        as_json=options.pop("as_json"),
    )


def _optional(option: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The option, not required."""

    def decorate(function: Any) -> Any:  # noqa: ANN401 - as click has it
        decorated = option(function)
        decorated.__click_params__[-1].required = False
        return decorated

    return decorate


def _with_options(
    function: F, wrapped: Callable[..., object], options: Iterable[Callable[[Any], Any]]
) -> F:
    wrapped.__doc__, wrapped.__name__ = function.__doc__, function.__name__
    # Options of the command itself were noted on the function, and come first in its help.
    wrapped.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    result: Any = wrapped
    for option in options:
        result = option(result)
    return result  # type: ignore[no-any-return]


request_id_option = click.option(
    "--request-id",
    help="Id of this request for ever; by default a random one. The same id is the same request.",
)
