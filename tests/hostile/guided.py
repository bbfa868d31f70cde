"""Looks for inputs that reach code which no input reached before, and for what breaks there.

    PYTHONPATH=tests python -m hostile.guided requests -max_total_time=60

The first argument is "requests" or one of `hostile.file_targets.TARGETS`, the others are
libFuzzer's. Takes atheris (requirements/fuzz.txt). What broke is written to a file, which the same
command takes as its last argument to break again.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["coalition", "gateway", "partners", "settlement"]):
    from coalition.methods import METHODS, Kind
    from gateway.translation.commands import accrual_item, command_of, parse
    from hostile.every_method import ABSENT, REQUESTS
    from hostile.file_targets import TARGETS, read

from coalition.v1 import accrual_pb2
from hostile.mutations import spoil_fields
from partners.refusals import Refused

REQUESTS_NAME = "requests"
LENGTHS = "-max_len=20000"

WRITES = [method for method in METHODS.values() if method.kind is Kind.WRITE]


def request(data: bytes) -> None:
    """A payload of the method that the first byte chooses, as far as its fields' forms."""
    if not data:
        return
    method, payload = WRITES[data[0] % len(WRITES)], data[1:]
    try:
        message = parse(method.payload, payload)
        if isinstance(message, accrual_pb2.AccrueBatchRequest):
            for item in message.items:
                accrual_item(parse(accrual_pb2.AccrualItem, item), "items")
        else:
            command_of(message)
    except Refused:
        return


def spoilt_request(data: bytes, max_size: int, seed: int) -> bytes:
    """Half of the time a field is spoilt, so that the message stays one."""
    rng = Random(seed)
    if len(data) < 2 or rng.random() < 0.5:
        mutated: bytes = atheris.Mutate(data, max_size)
        return mutated
    return (data[:1] + spoil_fields(data[1:], rng))[:max_size]


def request_seeds() -> Iterable[bytes]:
    """A right one for every method."""
    for index, method in enumerate(WRITES):
        yield bytes([index]) + REQUESTS[method.short_name](ABSENT).SerializeToString()


def main() -> None:
    """Fuzz until libFuzzer ends, by a limit or by what it found."""
    name, *arguments = sys.argv[1:] or [""]
    known = [REQUESTS_NAME, *TARGETS]
    if name not in known:
        sys.exit(f"what is fuzzed? One of: {', '.join(known)}")
    target: Callable[[bytes], object] = request
    seeds, more = request_seeds(), {"custom_mutator": spoilt_request}
    if name in TARGETS:
        target, seeds, more = (lambda data: read(name, data)), TARGETS[name].seeds, {}
    with tempfile.TemporaryDirectory(prefix="coalition-fuzz-") as folder:
        for number, seed in enumerate(seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], LENGTHS, *arguments, folder], target, **more)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
