"""gRPC as the client uses it: a channel, statuses in words, and when to try again."""

import ipaddress
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import grpc
import tenacity
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status as RpcStatus

from coalition.v1.envelope_pb2 import Envelope

M = TypeVar("M", bound=Message)

ERROR_DOMAIN = "coalition"
"""ErrorInfo.domain of the gateway's own refusals."""

DETAILS_TRAILER = "grpc-status-details-bin"
"""Trailer that holds a google.rpc.Status, by gRPC's convention."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A batch receipt of 1,000 double dips is some 3 MB, close to gRPC's own limit of 4 MiB."""

TIMEOUT_SECONDS = 20.0
"""How long one attempt may take: a batch of 1,000 items waits behind a few others."""

MAX_WAIT_SECONDS = 120.0
"""How long a call is tried again, which spans a gateway's restart."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
"""Pauses are drawn from 0 to a limit that doubles from the one to the other."""

_CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    # A gateway that restarts is found again about as fast as calls are tried again.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # Finds a dead peer behind a quiet feed; gRPC servers allow a ping every 5 minutes.
    ("grpc.keepalive_time_ms", 300_000),
]

_TRANSIENT_REASONS = frozenset({"OVERLOADED", "UNAVAILABLE"})
_TRANSIENT_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
    },
)
_MESSAGE_TOO_LARGE = "larger than max"
"""In the words of gRPC when a message exceeds a limit: trying again cannot help."""


@dataclass(eq=False)
class CallFailed(Exception):
    """A status other than OK, with its details. `reason` is empty unless the gateway gave it."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    retry_after_seconds: float | None = None
    refusal: Envelope | None = None

    @property
    def transient(self) -> bool:
        """Whether the same bytes may fare better later."""
        if self.reason:
            return self.reason in _TRANSIENT_REASONS
        return self.code in _TRANSIENT_CODES and _MESSAGE_TOO_LARGE not in self.message


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an attempt, how long to go on trying, and how to pause."""

    timeout_seconds: float = TIMEOUT_SECONDS
    max_wait_seconds: float = MAX_WAIT_SECONDS
    sleep: Callable[[float], None] = time.sleep


class Connection:
    """Sends envelopes over one channel, from as many threads as like. Raises CallFailed."""

    def __init__(self, target: str, root_certificates: bytes | None, patience: Patience) -> None:
        """Prepare; nothing is sent yet. Raises ValueError as open_channel does."""
        self._channel = open_channel(target, root_certificates)
        self._patience = patience

    def close(self) -> None:
        """End what is under way."""
        self._channel.close()

    def unary(self, name: str, response: type[M], envelope: Callable[[], Envelope]) -> M:
        """One answer to one envelope, tried again while that may help.

        `envelope` is asked before every attempt for what to send.
        """
        remote = self._channel.unary_unary(
            name,
            request_serializer=Envelope.SerializeToString,
            response_deserializer=response.FromString,
        )

        def attempt() -> M:
            try:
                answer: M = remote(envelope(), timeout=self._patience.timeout_seconds)
            except grpc.RpcError as error:
                raise failure(error) from None
            return answer

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_transient),
            wait=_pause,
            stop=tenacity.stop_before_delay(self._patience.max_wait_seconds),
            sleep=self._patience.sleep,
            reraise=True,
        )(attempt)

    def stream(self, name: str, envelope: Envelope) -> Iterator[Envelope]:
        """The envelopes of one stream, until it ends or breaks."""
        remote = self._channel.unary_stream(
            name,
            request_serializer=Envelope.SerializeToString,
            response_deserializer=Envelope.FromString,
        )
        answers = remote(envelope)
        try:
            yield from answers
        except grpc.RpcError as error:
            raise failure(error) from None
        finally:
            answers.cancel()


def open_channel(target: str, root_certificates: bytes | None) -> grpc.Channel:
    """A channel with TLS, or without it to this machine only.

    Raises ValueError for any other target without certificates: requests are signed, and
    still nobody's business.
    """
    if root_certificates is not None:
        credentials = grpc.ssl_channel_credentials(root_certificates=root_certificates)
        return grpc.secure_channel(target, credentials, options=_CHANNEL_OPTIONS)
    if not is_loopback(target):
        message = f"{target} is not this machine: give the root certificates for TLS"
        raise ValueError(message)
    # A proxy from the environment is not meant for this machine.
    options = [*_CHANNEL_OPTIONS, ("grpc.enable_http_proxy", 0)]
    return grpc.insecure_channel(target, options=options)


def is_loopback(target: str) -> bool:
    """Whether a gRPC target names this machine: a Unix socket, localhost, 127/8 or ::1."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    for scheme in ("dns:///", "dns:", "ipv4:", "ipv6:"):
        target = target.removeprefix(scheme)
    host = target.rpartition(":")[0] or target
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def failure(error: grpc.RpcError) -> CallFailed:
    """The status behind a gRPC error, with the details that the gateway gives."""
    if not isinstance(error, grpc.Call):
        return CallFailed(grpc.StatusCode.UNKNOWN, str(error))
    failed = CallFailed(error.code(), error.details() or "no details")
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_TRAILER and isinstance(value, bytes):
            _read_details(failed, value)
    return failed


def pause_seconds(attempt: int, failed: CallFailed) -> float:
    """How long to wait after this attempt (from 1): what the gateway asks for, and jitter."""
    limit = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt, 30))
    jitter = random.uniform(0, limit)  # noqa: S311 - spreads load, hides nothing
    if failed.retry_after_seconds is None:
        return jitter
    return failed.retry_after_seconds + min(jitter, failed.retry_after_seconds)


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, CallFailed) and error.transient


def _pause(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return pause_seconds(state.attempt_number, error) if isinstance(error, CallFailed) else 0.0


def _read_details(failed: CallFailed, trailer: bytes) -> None:
    """Note what is known in a google.rpc.Status; what cannot be read is as if absent."""
    try:
        details = RpcStatus.FromString(trailer).details
        for packed in details:
            kinds: tuple[Message, ...] = (ErrorInfo(), BadRequest(), RetryInfo(), Envelope())
            for kind in kinds:
                if packed.Unpack(kind):
                    _note(failed, kind)
    except DecodeError:
        return


def _note(failed: CallFailed, detail: Message) -> None:
    if isinstance(detail, ErrorInfo) and detail.domain == ERROR_DOMAIN:
        failed.reason, failed.metadata = detail.reason, dict(detail.metadata)
    elif isinstance(detail, BadRequest):
        pairs = ((found.field, found.description) for found in detail.field_violations)
        failed.violations = tuple(pairs)
    elif isinstance(detail, RetryInfo):
        failed.retry_after_seconds = max(0.0, detail.retry_delay.ToTimedelta().total_seconds())
    elif isinstance(detail, Envelope):
        failed.refusal = detail
