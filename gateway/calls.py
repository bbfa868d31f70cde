"""One call: what is known of it, how it is refused, and its line in the log."""

import time
from dataclasses import dataclass, field
from typing import Any, NoReturn

import grpc
import structlog

from coalition.methods import Method
from coalition.v1 import envelope_pb2
from gateway.authentication import Authenticated
from gateway.statuses import STATUS_OF, status_of
from gateway.writer import out_of_reach
from partners.refusals import Reason, Refused

_log = structlog.get_logger("gateway.calls")


@dataclass
class Call:
    """A call in progress; `request` is set once it is authenticated."""

    method: Method
    data: bytes
    context: Any
    request: Authenticated | None = None
    _began: float = field(default_factory=time.perf_counter)

    def log(self, outcome: str) -> None:
        """One line per call. Nothing of the payload is in it."""
        request = self.request
        _log.info(
            "call",
            method=self.method.full_name,
            sender=None if request is None else request.sender,
            request_id=None if request is None else request.request_id,
            bytes=len(self.data),
            outcome=outcome,
            milliseconds=round((time.perf_counter() - self._began) * 1_000, 1),
        )

    async def refuse(
        self,
        refused: Refused,
        signed: envelope_pb2.Envelope | None = None,
    ) -> NoReturn:
        """Answer with the refusal's status and details. Ends the handler."""
        self.log(refused.reason)
        status = status_of(refused, signed)
        await self.context.abort(
            STATUS_OF[refused.reason],
            refused.message,
            (("grpc-status-details-bin", status.SerializeToString()),),
        )
        message = "abort() returned"
        raise RuntimeError(message)

    async def refuse_without_database(self, error: Exception) -> NoReturn:
        """Answer UNAVAILABLE where the database is out of reach; else it is a fault of ours."""
        if not out_of_reach(error):
            await self.fail(error)
        await self.refuse(
            Refused(
                Reason.UNAVAILABLE,
                "the ledger is out of reach; try again with the same request id",
            ),
        )

    async def fail(self, error: Exception) -> NoReturn:
        """Answer INTERNAL. What went wrong stands in the log: it may quote others' data."""
        self.log("ERROR")
        _log.error("fault", method=self.method.full_name, exc_info=error)
        await self.context.abort(
            grpc.StatusCode.INTERNAL,
            "the gateway failed; its operator finds out why in its log",
        )
        message = "abort() returned"
        raise RuntimeError(message)
