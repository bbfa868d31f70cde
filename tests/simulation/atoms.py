"""Histories in parts: what can be left out of one, and how it is shown."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from simulation.actions import Again, Ask, Batch, Fault, History, Key, Otherwise, Step


@dataclass(frozen=True)
class Atoms:
    """A history as what can be left out of it: steps, calls of batches, and faults."""

    history: History
    all: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all", tuple(_names(self.history)))

    def only(self, kept: Iterable[str]) -> History:
        """The history with these alone."""
        wanted = set(kept)
        made = (_kept(str(n), step, wanted) for n, step in enumerate(self.history))
        return tuple(step for step in made if step is not None)


def _names(history: History) -> Iterable[str]:
    for number, step in enumerate(history):
        if not isinstance(step, Batch):
            yield str(number)
            continue
        if step.fault is not Fault.NONE:
            yield f"{number}f"
        yield from (f"{number}.{n}" for n in range(len(step.calls)))
        yield from (f"{number}+{n}" for n in range(len(step.then)))


def _kept(name: str, step: Step, wanted: set[str]) -> Step | None:
    if not isinstance(step, Batch):
        return step if name in wanted else None
    calls = tuple(call for n, call in enumerate(step.calls) if f"{name}.{n}" in wanted)
    then = tuple(call for n, call in enumerate(step.then) if f"{name}+{n}" in wanted)
    if not calls and not then:
        return None
    faulty = f"{name}f" in wanted
    fault = step.fault if faulty and calls else Fault.NONE
    both = fault in {Fault.TAKEN_OVER, Fault.WAITED_FOR}
    if not both:
        calls, then = (*calls, *then), ()
    return Batch(calls, step.writer, fault, step.at, then)


def shown(history: History) -> str:
    """A history for people: a line for each step and each call."""
    return "\n".join(line for step in history for line in _shown(step))


def _shown(step: Step) -> Iterable[str]:
    if not isinstance(step, Batch):
        yield words(step)
        return
    fault = "" if step.fault is Fault.NONE else f", {step.fault} at {step.at}"
    yield f"Batch by writer {step.writer}{fault}"
    yield from (f"  {words(call)}" for call in step.calls)
    if step.then:
        yield f"  meanwhile by writer {1 - step.writer}"
        yield from (f"  {words(call)}" for call in step.then)


def words(thing: object) -> str:
    """A thing with its fields, without those that say nothing."""
    if isinstance(thing, Ask | Otherwise):
        other = "" if isinstance(thing, Ask) else "instead "
        return f"#{thing.name} {other}{words(thing.action)}"
    if isinstance(thing, Again):
        return f"#{thing.name} again"
    if isinstance(thing, tuple | list):
        return "[" + ", ".join(map(words, thing)) + "]"
    if isinstance(thing, Key):
        return f"{thing.supplier}/{thing.kind}/{thing.reference}/{thing.revision}"
    if not hasattr(thing, "__dataclass_fields__"):
        return str(thing)
    values = ((f, getattr(thing, f.name)) for f in fields(thing))  # type: ignore[arg-type]
    told = [(f.name, value) for f, value in values if value not in (f.default, (), {})]
    return f"{type(thing).__name__}({', '.join(f'{n}={words(v)}' for n, v in told)})"
