"""What a ratio is worth: how far its goal is met, and how it is told."""

import pytest

from gateway.bench.report import rows_table
from gateway.bench.rows import Goal, compared

MORE = Goal(0.6, 0.8)
LESS = Goal(8, 4, less=True)
UNDER_A_SECOND = Goal(2, 1, less=True, aims_at_value=True)


@pytest.mark.parametrize(
    ("goal", "ratio", "value", "met"),
    [
        (MORE, 0.8, 0, "aim"),
        (MORE, 0.79, 0, "at least"),
        (MORE, 0.6, 0, "at least"),
        (MORE, 0.59, 0, "no"),
        (LESS, 4, 0, "aim"),
        (LESS, 4.1, 0, "at least"),
        (LESS, 8, 0, "at least"),
        (LESS, 8.1, 0, "no"),
        (UNDER_A_SECOND, 1.9, 0.9, "aim"),
        (UNDER_A_SECOND, 1.9, 1.1, "at least"),
        (UNDER_A_SECOND, 2.1, 0.1, "no"),
    ],
)
def test_how_far_a_goal_is_met(goal: Goal, ratio: float, value: float, met: str) -> None:
    assert goal.met(ratio, value) == met


def test_a_row_tells_the_median_of_its_rounds_and_their_spread() -> None:
    row = compared(
        "accruals",
        [(100.0, 200.0), (300.0, 400.0), (90.0, 300.0)],
        unit="a/s",
        against="answers",
        goal=MORE,
    )
    told = row.to_json()
    assert told["ratio"] == 0.5  # not that of the medians, 100 to 300
    assert told["spread"] == [0.3, 0.75]
    assert (told["value"], told["reference"], told["met"]) == (100.0, 300.0, "no")
    assert rows_table([row]).row_count == 1
