"""The waiting room: bounded, in turns of the senders, in batches that adapt."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.waiting import (
    BATCH_ITEMS,
    QUEUE_BYTES,
    QUEUE_ITEMS,
    SHARE,
    SMALLEST_BATCH,
    Pace,
    Waiting,
    WaitingRoom,
)
from partners.refusals import Refused
from partners.requests import Request, Submission
from partners.usecases.accrual import Accrue
from partners.usecases.directory import ApproveKey

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def submission(
    sender: str, name: str, items: int | None = None, size: int = 100, asks: type[Any] = Accrue
) -> Submission:
    def request(request_id: str) -> Request:
        return Request("method", sender, request_id, b"", asks, None)

    return Submission(
        head=request(name),
        keyid="key",
        created=NOW,
        expires=NOW,
        longest=timedelta(minutes=10),
        received_at=NOW,
        envelope=bytes(size),
        items=None if items is None else tuple(request(f"{name}-{i}") for i in range(items)),
    )


def waiting(sender: str, name: str, *more: Any, **named: Any) -> Waiting:
    return Waiting(submission(sender, name, *more, **named), Future())


def room_with(*there: Waiting) -> WaitingRoom:
    room = WaitingRoom()
    for one in there:
        room.put(one)
    return room


def taken(room: WaitingRoom) -> list[list[str]]:
    """All batches, by the names of their submissions."""
    room.close()
    batches = []
    while room.wait():
        batch = room.next_batch()
        batches.append([one.submission.head.request_id for one in batch])
    return batches


def filled(room: WaitingRoom, made: Callable[[int], Waiting]) -> tuple[int, Refused]:
    """How many submissions found room, and how the next was refused."""
    for number in range(10_000):
        try:
            room.put(made(number))
        except Refused as refused:
            return number, refused
    pytest.fail("there was room without end")


def test_a_file_does_not_starve_single_calls() -> None:
    room = room_with(
        *(waiting("hotel", f"file-{n}", 1_000) for n in range(3)),
        *(waiting("airline", f"call-{n}") for n in range(3)),
    )
    assert taken(room) == [["file-0"], ["call-0", "call-1", "call-2"], ["file-1"], ["file-2"]]


def test_a_flood_of_calls_lets_others_have_their_turn_in_the_same_batch() -> None:
    flood = [waiting("hotel", f"flood-{n}") for n in range(1_000)]
    room = room_with(*flood, waiting("airline", "call"))
    room.pace.seconds_per_item = 0.003
    first = taken(room)[0]
    assert "call" in first
    assert len(first) == 100
    assert [name for name in first if name != "call"] == [f"flood-{n}" for n in range(99)]


def test_what_is_administrative_comes_alone_and_in_its_order() -> None:
    room = room_with(
        waiting("admin", "one"),
        waiting("admin", "key", asks=ApproveKey),
        waiting("admin", "two"),
        waiting("admin", "three"),
    )
    assert taken(room) == [["one"], ["key"], ["two", "three"]]


def test_who_is_gone_is_passed_over() -> None:
    there = [waiting("hotel", f"call-{n}") for n in range(4)]
    room = room_with(*there)
    for index in (0, 2):
        there[index].answered.cancel()  # type: ignore[attr-defined]
    assert taken(room) == [["call-1", "call-3"]]


def test_an_empty_batch_is_taken_as_well() -> None:
    assert taken(room_with(waiting("hotel", "empty", 0))) == [["empty"]]


@pytest.mark.parametrize(("items", "size"), [(1_000, 1), (1, 4 * 1024 * 1024)])
def test_one_sender_fills_a_share_and_leaves_room_for_others(items: int, size: int) -> None:
    room = WaitingRoom()
    count, refused = filled(room, lambda number: waiting("hotel", f"file-{number}", items, size))
    assert (refused.reason, "of yours" in refused.message) == ("OVERLOADED", True)
    assert int(refused.metadata["retry_seconds"]) >= 1
    assert count * items <= QUEUE_ITEMS // SHARE + items
    assert count * size <= QUEUE_BYTES // SHARE
    room.put(waiting("airline", "call"))


def test_the_whole_room_is_bounded_whoever_sends() -> None:
    room = WaitingRoom()
    _, refused = filled(room, lambda number: waiting(f"partner-{number}", "file", 1_000))
    assert (refused.reason, "of yours" in refused.message) == ("OVERLOADED", False)
    assert sum(len(batch) for batch in taken(room)) == -(-QUEUE_ITEMS // 1_000)


def test_nothing_is_taken_in_when_it_is_closed() -> None:
    room = room_with(waiting("hotel", "there"))
    room.close()
    with pytest.raises(Refused, match="going down") as refused:
        room.put(waiting("hotel", "late"))
    assert refused.value.reason == "UNAVAILABLE"
    assert taken(room) == [["there"]]


def test_batches_adapt_to_how_long_work_takes() -> None:
    pace = Pace()
    for _ in range(100):
        pace.took(1_000, 0.1)
    assert pace.batch_items == BATCH_ITEMS
    for _ in range(100):
        pace.took(100, 10.0)
    assert pace.batch_items == SMALLEST_BATCH


def test_whoever_takes_is_woken_by_what_comes() -> None:
    room = WaitingRoom()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(room.wait)
        time.sleep(0.05)
        room.put(waiting("hotel", "call"))
        assert asked.result(10)
        assert [one.submission.head.request_id for one in room.next_batch()] == ["call"]
        asked = pool.submit(room.wait)
        time.sleep(0.05)
        room.close()
        assert not asked.result(10)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, 1, 40, 1_000])), max_size=30)
)
def test_everything_is_taken_once_and_in_its_sender_s_order(
    sent: list[tuple[str, int | None]],
) -> None:
    room = WaitingRoom()
    kept: dict[str, list[str]] = {}
    for number, (sender, items) in enumerate(sent):
        try:
            room.put(waiting(sender, f"{sender}{number}", items))
        except Refused:
            continue
        kept.setdefault(sender, []).append(f"{sender}{number}")
    names = [name for batch in taken(room) for name in batch]
    for sender, expected in kept.items():
        assert [name for name in names if name[0] == sender] == expected
    assert len(names) == sum(map(len, kept.values()))


def test_many_threads_put_while_one_takes() -> None:
    room = WaitingRoom()
    got: list[str] = []

    def take() -> None:
        while room.wait():
            got.extend(one.submission.head.request_id for one in room.next_batch())

    taker = threading.Thread(target=take)
    taker.start()
    with ThreadPoolExecutor(8) as pool:
        for number in range(500):
            pool.submit(room.put, waiting(f"partner-{number % 7}", f"call-{number}"))
    room.close()
    taker.join(30)
    assert sorted(got) == sorted(f"call-{number}" for number in range(500))
