"""What a call can end in, other than its answer. BadAnswer is in answers.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from coalition.v1.errors_pb2 import Reason

_PREFIX = "REASON_"


def reason_name(reason: int) -> str:
    """A reason as ErrorInfo has it: INSUFFICIENT_BALANCE. An unknown number stays a number."""
    found = Reason.DESCRIPTOR.values_by_number.get(reason)
    return found.name.removeprefix(_PREFIX) if found else str(reason)


@dataclass(eq=False)
class Refused(Exception):
    """The gateway refused. `reason` is a name of errors.proto, without REASON_.

    `violations` are (field, what is wrong with it). `signed`: a rule refused it, the signed
    refusal was verified, and that request id stays refused. Else nothing was stored: mend
    the request and send it under a new id.
    """

    reason: str
    message: str
    request_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[tuple[str, str], ...] = ()
    signed: bool = False

    def __str__(self) -> str:
        """For people."""
        found = (f"{name}: {what}" for name, what in self.violations)
        fields = "".join(f"; {words}" for words in found if words not in self.message)
        return f"refused, {self.reason}: {self.message}{fields} (request {self.request_id})"


@dataclass(eq=False)
class Unavailable(Exception):
    """No answer of the gateway came, in the time that was allowed.

    Whether a write counted is open. Sending the same bytes again is always safe:
    `Client.resend(request_id)` does so where a receipt file is kept.
    """

    message: str
    request_id: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.message} (request {self.request_id}; it can safely be sent again)"
