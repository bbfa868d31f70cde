"""What goes wrong, in one line that says what to do, and as an exit code."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

import click

from coalition.activity_files import ActivityFileError, BadMapping
from coalition.answers import BadAnswer
from coalition.checkpoints import BadCheckpoint
from coalition.errors import Refused, Unavailable
from coalition.keyfiles import KeyFileError
from coalition.methods import UnknownMethod
from coalition.profile import ProfileError
from coalition.receipt_file import ReceiptFileError
from coalition.tree import BadProof
from gateway.rate_files.problems import BadFile

REFUSED = 1
USAGE = 2
UNAVAILABLE = 3
ROWS_REFUSED = 4
NOT_PROVEN = 5
DISAGREED = 6
INTERRUPTED = 130

EXIT_CODES = """\b
Exit codes:
  0    done
  1    refused by the gateway
  2    wrong use, or a file of yours that cannot be used
  3    no answer from the gateway: the same command can safely be given again
  4    a file was sent or checked, and some of its rows do not count
  5    an answer, receipt or statement does not verify
  6    a report was recorded as a disagreement (see coalition breaks)
  130  interrupted"""

_WHAT_TO_DO: Mapping[str, str] = MappingProxyType(
    {
        "UNKNOWN_KEY": "register the key and have it approved (coalition partners register-key)",
        "BAD_SIGNATURE": "the key file and the gateway's record of the key disagree",
        "WRONG_SENDER": "check --sender and --key: they belong together",
        "WRONG_AUDIENCE": "check --profile and --target: they belong to different coalitions",
        "KEY_REVOKED": "use another key of the sender",
        "KEY_NOT_ACTIVE": "have an administrator approve it (coalition partners approve-key)",
        "EXPIRED": "check this machine's clock, then give the command again",
        "UNKNOWN_FIELDS": "this client is newer than the gateway; take the gateway's version",
        "QUOTE_EXPIRED": "ask for a new quote (coalition quote)",
        "QUOTE_USED": "ask for a new quote (coalition quote)",
        "QUOTE_SUPERSEDED": "use the later quote, or ask for a new one (coalition quote)",
        "SAME_PERSON": "have another administrator do it",
        "REQUEST_ID_REUSED": "choose another --request-id",
    }
)

_FILES = (ActivityFileError, BadFile, BadMapping, KeyFileError, ProfileError, ReceiptFileError)


class RefusedByGateway(click.ClickException):
    """The gateway said no."""

    exit_code = REFUSED


class BadUse(click.ClickException):
    """An option, or a file that it names, cannot be used."""

    exit_code = USAGE


class NoAnswer(click.ClickException):
    """The gateway cannot be reached."""

    exit_code = UNAVAILABLE


class NotProven(click.ClickException):
    """Something that was signed, or should be, does not verify."""

    exit_code = NOT_PROVEN


class Disagreed(click.ClickException):
    """A report was accepted, and contradicts the ledger."""

    exit_code = DISAGREED


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what a command raises into a click.ClickException, unless it is a fault of ours."""
    try:
        yield
    except Refused as refused:
        hint = _WHAT_TO_DO.get(refused.reason)
        message = f"{refused} - {hint}" if hint else str(refused)
        raise RefusedByGateway(message) from None
    except Unavailable as problem:
        message = f"no answer from the gateway: {problem}"
        raise NoAnswer(message) from None
    except BadAnswer as problem:
        message = f"the answer does not verify: {problem} - check --profile and --target"
        raise NotProven(message) from None
    except (BadCheckpoint, BadProof) as problem:
        message = f"not proven: {problem}"
        raise NotProven(message) from None
    except UnknownMethod as problem:
        raise BadUse(str(problem.args[0])) from None
    except _FILES as problem:
        raise BadUse(str(problem)) from None
    except BrokenPipeError:
        raise
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        message = f"{where}{problem.strerror or problem}"
        raise BadUse(message) from None
