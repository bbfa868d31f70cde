"""The fewest payments that settle some positions, exactly.

Payments between n participants fall into connected groups, each of which settles among itself:
its positions sum to zero. A group of m needs m - 1 payments, so the fewest payments are n less
the largest number of groups with sum zero into which the participants can be split.

Sets of participants are numbers, bit i for participant i. A *family* is a set of such sets,
again a number: bit s for the set s. So one operation on integers works on all 2^n sets at once,
and it takes no longer where many positions are equal than where none are.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

MOST = 20
"""Participants with a position. Each more doubles time and memory; these take a quarter of a
second and 25 MB at most."""

Found = tuple[str, str, int]
"""Payer, payee, amount."""


def fewest(positions: Mapping[str, int]) -> Iterator[Found]:
    """The payments; among all lists of so few, sorted by payer and payee, the first.

    Lists are compared as such: by their first payment (payer, payee, amount), then the second,
    and so on. Positions are not zero and sum to zero, and there are at most MOST of them.
    Each payment is chosen as the first that some list of the fewest payments begins with; what
    is left is then a smaller problem of the same kind.
    """
    left = dict(sorted(positions.items()))
    while left:
        payer = next(name for name, net in left.items() if net < 0)
        payee, amount = _first_payment(left, payer)
        yield payer, payee, amount
        left[payer] += amount
        left[payee] -= amount
        left = {name: net for name, net in left.items() if net}


def _first_payment(left: Mapping[str, int], payer: str) -> tuple[str, int]:
    """To whom a payer pays first, and how much.

    They are in one group of some largest split. Within a group, which has no part of sum zero,
    any payer can pay any payee, and any amount that leaves each of both with its own part of the
    group is possible.
    """
    names, nets = list(left), list(left.values())
    without = [_sets_without(bit, len(nets)) for bit in range(len(nets))]
    pays = names.index(payer)
    others = _rest_of_the_split(nets, without) & without[pays]
    """Everything but the group of the payer, in each way to split."""
    gets = next(i for i, net in enumerate(nets) if net > 0 and others & without[i])
    others &= without[gets]
    return names[gets], _least_amount(nets, without, others, pays, gets)


def _rest_of_the_split(nets: Sequence[int], without: Sequence[int]) -> int:
    """The family of sets that a largest split leaves when one of its groups is taken out.

    A set with sum zero can be split into k + 1 groups if and only if a proper subset of it can
    be split into k: what the subset leaves of it has sum zero as well.
    """
    zero = _with_sum_zero(nets)
    everyone = 1 << ((1 << len(nets)) - 1)
    rest, splits = 1, zero  # the one group of everyone leaves the empty set
    while finer := zero & _with_one_more(_supersets(splits, without), without):
        if not finer & everyone:
            break
        rest, splits = splits, finer
    return rest


def _with_sum_zero(nets: Sequence[int]) -> int:
    """The family of sets, other than the empty one, whose positions sum to zero.

    Sums of the one half of the participants are looked up among those of the other.
    """
    half = len(nets) // 2
    by_sum: defaultdict[int, list[int]] = defaultdict(list)
    for low, total in enumerate(_sums(nets[:half])):
        by_sum[total].append(low)
    family = bytearray((1 << len(nets)) // 8 + 1)
    for high, total in enumerate(_sums(nets[half:])):
        for low in by_sum.get(-total, ()):
            chosen = high << half | low
            family[chosen >> 3] |= 1 << (chosen & 7)
    return int.from_bytes(family, "little") & ~1


def _sums(nets: Sequence[int]) -> list[int]:
    """The sum of every set, in the order of the sets."""
    sums = [0]
    for net in nets:
        sums += [total + net for total in sums]
    return sums


def _sets_without(bit: int, count: int) -> int:
    """The family of all sets of `count` participants that one is not in."""
    family = (1 << (1 << bit)) - 1
    for higher in range(bit + 1, count):
        family |= family << (1 << higher)
    return family


def _with_one_more(family: int, without: Sequence[int]) -> int:
    """The sets of a family with one participant more, whoever it is."""
    found = 0
    for bit, sets in enumerate(without):
        found |= (family & sets) << (1 << bit)
    return found


def _supersets(family: int, without: Sequence[int]) -> int:
    """All sets that hold a set of the family."""
    for bit, sets in enumerate(without):
        family |= (family & sets) << (1 << bit)
    return family


def _least_amount(
    nets: Sequence[int],
    without: Sequence[int],
    others: int,
    pays: int,
    gets: int,
) -> int:
    """The least amount between two of one group, where `others` are what a split leaves.

    What the payer has left to pay goes to a part of the group with as large a sum, and the
    payee gets the rest from another part: the larger the payer's part, the smaller the amount.
    """
    owes, due = -nets[pays], nets[gets]
    bits = [
        bit
        for bit in range(len(nets))
        if bit not in {pays, gets} and others & without[bit]  # else it is in no group of both
    ]
    allowed = _supersets(others, without).to_bytes((1 << len(nets)) // 8 + 1, "little")
    rest = (1 << len(nets)) - 1 ^ 1 << pays ^ 1 << gets
    parts = zip(_sums([1 << bit for bit in bits]), _sums([nets[bit] for bit in bits]), strict=True)
    largest = max(
        total
        for part, total in parts
        if max(0, owes - due) <= total < owes and _holds(allowed, rest ^ part)
    )
    return owes - largest


def _holds(family: bytes, chosen: int) -> bool:
    return bool(family[chosen >> 3] >> (chosen & 7) & 1)
