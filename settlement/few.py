"""Few payments that settle some positions, where there are too many for the fewest.

Small groups whose positions sum to zero are settled among themselves: each saves a payment. Of
the rest the largest payer pays the largest receiver, until so few are left that their payments
are found exactly.
"""

import heapq
from collections.abc import Iterator, Mapping
from itertools import combinations

from settlement.fewest import MOST, Found, fewest

MOST_TO_PAIR = 400
"""Participants of which pairs are looked at: these are 80,000 pairs, and take some hundredths of a
second each time that a group is taken out."""


def few(positions: Mapping[str, int]) -> Iterator[Found]:
    """The payments. Positions are not zero and sum to zero.

    Ties go by name, and names are looked at in their order, so the same positions always give
    the same payments.
    """
    left = dict(sorted(positions.items()))
    yield from _even_pairs(left)
    if len(left) <= MOST_TO_PAIR:
        yield from _groups_of_three(left)
    yield from _largest_first(left)
    yield from fewest(left)


def _even_pairs(left: dict[str, int]) -> Iterator[Found]:
    """Settle, and take out, whoever has exactly to pay what another has to receive."""
    receivers: dict[int, list[str]] = {}
    for name in reversed(left):
        receivers.setdefault(left[name], []).append(name)
    for payer in [name for name, net in left.items() if net < 0]:
        if waiting := receivers.get(-left[payer]):
            payee = waiting.pop()
            yield payer, payee, -left.pop(payer)
            del left[payee]


def _groups_of_three(left: dict[str, int]) -> Iterator[Found]:
    """Settle, and take out, three after three whose positions sum to zero."""
    while found := _three(left):
        group = {name: left.pop(name) for name in found}
        yield from fewest(group)


def _three(left: Mapping[str, int]) -> tuple[str, str, str] | None:
    """The first two, by name, whom a third one makes even."""
    by_net: dict[int, str] = {}
    for name, net in left.items():
        by_net.setdefault(net, name)
    for one, other in combinations(left, 2):
        third = by_net.get(-left[one] - left[other])
        if third is not None and third not in {one, other}:
            return one, other, third
    return None


def _largest_first(left: dict[str, int]) -> Iterator[Found]:
    """Let the largest payer pay the largest receiver as much as goes, until MOST are left."""
    payers = [(net, name) for name, net in left.items() if net < 0]
    receivers = [(-net, name) for name, net in left.items() if net > 0]
    heapq.heapify(payers)
    heapq.heapify(receivers)
    while len(left) > MOST:
        (owed, payer), (due, payee) = heapq.heappop(payers), heapq.heappop(receivers)
        amount = min(-owed, -due)
        yield payer, payee, amount
        for heap, name, rest in ((payers, payer, owed + amount), (receivers, payee, due + amount)):
            left[name] = -rest if heap is receivers else rest
            if rest:
                heapq.heappush(heap, (rest, name))
            else:
                del left[name]
