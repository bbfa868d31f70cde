"""How much of a conversion goes back: everything follows from the target's units taken in all.

A conversion gave `source_minor` and got `target_minor`. What its issuers owe each other is for the
target's points, so a part of it is a number of whole units of the target. The source's points that
come back for them round down: never more than the part that was given up for it, and nobody gains
by taking a conversion back in pieces. All units of the target bring all of the source.
"""

from collections.abc import Iterator, Sequence

from settlement.ledger.amounts import prorate


def source_for(source_minor: int, target_minor: int, taken_minor: int) -> int:
    """What has come back of the source when so many units of the target were taken in all."""
    return source_minor * taken_minor // target_minor


def target_for(source_minor: int, target_minor: int, wanted_minor: int) -> int:
    """The fewest units of the target, in all, that bring at least so many of the source back.

    Where a unit of the target is worth several of the source they bring more than is wanted, by
    less than what one unit is worth.
    """
    return -(-target_minor * wanted_minor // source_minor)


def shares(amounts: Sequence[int], part: int) -> Iterator[int]:
    """Split a part of the sum of amounts among them, each within a unit of its share or so.

    The shares sum to the part exactly, none exceeds its amount, and none shrinks as the part
    grows: the differences between two parts can be booked. Raises ValueError where the part is
    more than the sum.
    """
    left = sum(amounts)
    for amount in amounts:
        share = prorate(amount, part, left) if left else 0
        yield share
        part, left = part - share, left - amount
