"""Structured logs on standard error, one JSON object per line; never a secret, never a payload."""

import contextlib
import logging
import sys
from typing import Any

import structlog


class _Stderr:
    """Standard error, even when nobody reads it any more: a lost log line stops no call."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


_transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def in_short(error: BaseException) -> str:
    """An error by its kind and first line: a database's further lines quote the data."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _traceback(exc_info: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - structlog's
    """A traceback as data, without what is confidential: local variables, quoted data."""
    stacks = _transform(exc_info)
    for stack in stacks:
        stack["exc_value"] = stack["exc_value"].partition("\n")[0]
    return stacks


def configure(level: str = "INFO") -> None:
    """Log from this level on.

    The driver's own warnings are not ours: it tells of a lost connection what it raises as well.
    """
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_traceback),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(file=_Stderr()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
