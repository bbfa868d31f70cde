"""`coalition programme carry-over`: the members of a replaced programme, step by step."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import click
from rich import progress as bars

from coalition.client import Client
from coalition.errors import Refused
from coalition.v1 import members_pb2
from coalition.v1.envelope_pb2 import Refusal
from gateway.cli import output
from gateway.cli.failures import INTERRUPTED
from gateway.cli.session import Session, signed_options

LARGEST_STEP = 500
"""Members in one request, by the contract."""

GO_ON = "Give the same command again, and it goes on. Nobody is carried over twice."

_USED_UP = frozenset({"EXPIRED", "REQUEST_ID_REUSED"})
"""Said of a request id of an earlier run that can no longer be sent: the next one serves."""


@dataclass
class _Carried:
    """What the steps came to so far; points in minor units of the old and the new programme."""

    carried: int = 0
    remaining: int = 0
    old_minor: int = 0
    new_minor: int = 0

    def add(self, step: members_pb2.CarryOverResult) -> None:
        self.carried += step.carried
        self.remaining = step.remaining
        self.old_minor += step.old_minor
        self.new_minor += step.new_minor


@click.command(name="carry-over")
@click.argument("programme_id", metavar="NEW")
@click.option("--from", "replaced", required=True, metavar="OLD", help="The replaced programme.")
@click.option(
    "--step",
    type=click.IntRange(1, LARGEST_STEP),
    default=LARGEST_STEP,
    show_default=True,
    help="Members in one request.",
)
@signed_options
def carry_over(session: Session, *, programme_id: str, replaced: str, step: int) -> None:
    """Carry all members, points and tiers of OLD over to NEW, which replaces it.

    May be interrupted and given again: it goes on where it stopped.
    """
    request = members_pb2.CarryOverRequest(programme=programme_id, replaced=replaced, limit=step)
    done, now = _Carried(), _Carried()
    try:
        with session.client() as client, _bar() as on_progress:
            for result, is_new in _steps(client, request):
                done.add(result)
                if is_new:
                    now.add(result)
                on_progress(done)
    except KeyboardInterrupt:
        _show(done, programme_id, as_json=session.as_json, finished=False)
        output.note(f"Interrupted. {GO_ON}")
        sys.exit(INTERRUPTED)
    except BaseException:
        if done.carried:
            _show(done, programme_id, as_json=session.as_json, finished=False)
            output.note(f"Stopped before the end. {GO_ON}")
        raise
    if not now.carried and not session.as_json:
        click.echo(f"Nothing is left to carry over from {replaced} to {programme_id}.")
        return
    _show(done, programme_id, as_json=session.as_json, finished=True)


def step_id(request: members_pb2.CarryOverRequest, number: int) -> str:
    """The request id of a step for ever: of both programmes and its place, whatever its size."""
    pair = f"{request.replaced}/{request.programme}"
    return f"carry-over:{hashlib.sha256(pair.encode()).hexdigest()[:16]}:{number}"


def _steps(
    client: Client, request: members_pb2.CarryOverRequest
) -> Iterator[tuple[members_pb2.CarryOverResult, bool]]:
    """Results of the steps of earlier runs, then of new ones (True) until nobody remains."""
    number = 1
    while (before := _decided(client, step_id(request, number))) is not None:
        yield before, False
        number += 1
    skipped = False
    while True:
        try:
            answer = client.write("Members.CarryOver", request, step_id(request, number))
        except Refused as refused:
            if skipped or refused.reason not in _USED_UP:
                raise
            skipped = True
        else:
            skipped = False
            result = answer.result_as(members_pb2.CarryOverResult)
            yield result, True
            if not result.remaining:
                return
        number += 1


def _decided(client: Client, request_id: str) -> members_pb2.CarryOverResult | None:
    """What an earlier run's step came to, nothing where it was refused; None for a new one."""
    try:
        answer = client.get_receipt(request_id)
    except Refused as refused:
        if refused.reason == "NOT_FOUND":
            return None
        raise
    if isinstance(answer.message, Refusal):
        return members_pb2.CarryOverResult()
    return answer.result_as(members_pb2.CarryOverResult)


@contextmanager
def _bar() -> Iterator[Callable[[_Carried], None]]:
    """A progress bar on standard error, where a person looks."""
    columns = (
        bars.TextColumn("members carried over"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    silent = not sys.stderr.isatty()
    with bars.Progress(*columns, console=output.console(error=True), disable=silent) as bar:
        task = bar.add_task("carried", total=None)
        yield lambda done: bar.update(
            task, completed=done.carried, total=done.carried + done.remaining
        )


def _show(done: _Carried, programme_id: str, *, as_json: bool, finished: bool) -> None:
    if as_json:
        output.show_json({**asdict(done), "finished": finished})
        return
    rows = [
        (name.replace("_minor", " points, in minor units"), n) for name, n in asdict(done).items()
    ]
    output.show_table(f"Carried over to {programme_id}", ("what", "count"), rows)
