"""The self-check names what was done to payments, aborts and their history behind their backs."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from settlement.check import check_settlements
from support.settled_world import World, settled_world


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A settlement that was aborted, another in its place that is paid in part; a paid one."""
    with settled_world(database_url) as made:
        made.owe("alpha", "beta", 100)
        made.owe("beta", "gamma", 70)
        made.settle()
        made.sent("alpha", "beta")
        made.abort(1, "alpha", despite_sent=True)
        made.settle()
        made.confirm("alpha", "beta", 100, settlement=2)
        made.sent("beta", "gamma", settlement=2)
        made.owe("gamma", "delta", 5)
        made.settle()
        made.confirm("gamma", "delta", 5, settlement=3)
        yield made


def names(connection: Connection, world: World) -> set[str]:
    return {problem.check for problem in check_settlements(connection, world.bench.coalition)}


PAID = "settlement_id = 2 and payer = 'alpha'"
OPEN = "settlement_id = 2 and payer = 'beta'"

DAMAGES: dict[str, set[str]] = {
    f"update due set state = 'CONFIRMED' where {OPEN}": {
        "due-payments",
        "due-balances",
        "settlement-history",
        "settlement-states",
    },
    f"update due set state = 'DUE' where {PAID}": {
        "due-payments",
        "due-balances",
        "settlement-history",
    },
    f"update due set state = 'DUE' where {OPEN}": {"settlement-history"},
    f"update due set state = 'VOID' where {OPEN}": {
        "due-balances",
        "settlement-history",
        "settlement-states",
    },
    "update due set state = 'DUE' where settlement_id = 1 and payee = 'beta'": {
        "due-balances",
        "settlement-history",
        "settlement-states",
    },
    f"update due set amount = amount + 1 where {OPEN}": {"dues", "due-balances"},
    f"update due set amount = amount + 1 where {PAID}": {"dues", "due-payments"},
    f"update due set ended_number = 3 where {PAID}": {"due-payments"},
    f"delete from due where {OPEN}": {
        "dues",
        "due-balances",
        "settlement-history",
        "settlement-states",
    },
    "insert into due select 3, 'alpha', 'beta', 1, 'DUE', posted_at, '', null, '', null, null "
    f"from due where {OPEN}": {
        "dues",
        "due-balances",
        "settlement-history",
        "settlement-states",
    },
    "update posted_settlement set state = 'CLOSED' where settlement_id = 3": {
        "settlement-history",
        "settlement-states",
    },
    "update posted_settlement set state = 'SETTLED' where settlement_id = 2": {
        "settlement-history",
        "settlement-states",
    },
    "update posted_settlement set state = 'ABORTED' where settlement_id = 3": {
        "settlement-history",
        "settlement-states",
        "window-states",
    },
    "update posted_settlement set state = 'CLOSED' where settlement_id = 1": {
        "settlement-history",
        "settlement-states",
        "settlement-superseded",
    },
    "update posted_settlement set post_number = post_number + 1 where settlement_id = 2": {
        "dues",
        "posted-settlements",
    },
    "update posted_settlement set abort_number = 2 where settlement_id = 1": {
        "clearing-entries",
        "settlement-aborts",
        "settlement-superseded",
        "settlement-undone",
    },
    "delete from posted_settlement where settlement_id = 3": {
        "dues",
        "posted-settlements",
        "settlement-history",
    },
    "update settlement set supersedes = null where settlement_id = 2": {
        "settlement-superseded",
        "statement-csv",
        "statement-json",
    },
    "update settlement set apart = '{}' where settlement_id = 2": {
        "payments",
        "settlement-superseded",
        "statement-csv",
        "statement-json",
    },
    "update settlement_abort set ended_by = proposed_by": {
        "settlement-aborts",
        "settlement-proposals",
    },
    "update settlement_abort set state = 'PROPOSED'": {
        "settlement-aborts",
        "settlement-proposals",
    },
    "update settlement_abort set apart = '{gamma}'": {"settlement-proposals"},
    "update settlement_abort set reason = 'another'": {"settlement-proposals"},
    "update settlement_abort set proposed_by = 'three'": {"settlement-proposals"},
    "update settlement_abort set ended_by = 'three'": {"settlement-proposals"},
    "update settlement_abort set despite_sent = not despite_sent": {"settlement-proposals"},
    "insert into settlement_abort values (2, 2, 'one', now(), '', '{}', false, 'PROPOSED', '', "
    "null)": {"settlement-proposals"},
    "delete from settlement_change where step = 'CONFIRMED' and settlement_id = 2": {
        "settlement-history",
        "settlement-steps",
    },
    "update settlement_change set number = 1 where step = 'ABORTED'": {
        "settlement-steps",
        "settlement-words",
    },
    "update settlement_change set number = null where step = 'SENT'": {"settlement-steps"},
    f"update due set reference = 'another' where {OPEN}": {"due-words"},
    f"update due set value_date = value_date + 1 where {OPEN}": {"due-words"},
    f"update due set disputed = 'never sent' where {OPEN}": {"due-words"},
    f"update due set posted_at = posted_at - interval '1 day' where {OPEN}": {"due-times"},
    f"update due set ended_at = ended_at - interval '1 day' where {PAID}": {"due-times"},
    f"update due set ended_at = posted_at where {OPEN}": {"due-times"},
    "update posted_settlement set posted_at = posted_at + interval '1 day' "
    "where settlement_id = 3": {"due-times"},
    "update settlement_change set who = 'another' where step = 'SENT'": {"settlement-words"},
    "update settlement_change set who = 'another' where step = 'VOID'": {"settlement-words"},
    "update settlement_change set at = at + interval '1 hour' where step = 'CONFIRMED'": {
        "settlement-words"
    },
    "update settlement_change set why = 'another' where step = 'SENT'": {"settlement-words"},
    "update settlement_change set why = 'another' where step = 'SETTLED'": {"settlement-words"},
    "update settlement_change set why = 'another' where step = 'ABORT_PROPOSED'": {
        "settlement-words"
    },
    "update settlement_window set opened_at = opened_at + interval '1 hour' where window_id = 2": {
        "window-times"
    },
    "update settlement_window set cut_at = cut_at + interval '1 hour' where window_id = 1": {
        "window-times"
    },
    "update ledger_head set window_opened_at = window_opened_at + interval '1 hour'": {
        "window-times"
    },
    "delete from settlement_change where step = 'ABORT_PROPOSED'": {"settlement-steps"},
    "update line set amount = amount + 1 where kind = 'PAYMENT' and amount = 5": {"due-payments"},
    "delete from line where number = (select abort_number from posted_settlement "
    "where settlement_id = 1) and index = 0": {"settlement-undone"},
    "update entry set kind = 'ABORT' where kind = 'PAYMENT_SENT'": {
        "due-words",
        "settlement-aborts",
        "settlement-proposals",
        "settlement-steps",
    },
}


def test_damage_is_named(world: World) -> None:
    """Each damage by itself, taken back before the next; without any all is sound."""
    assert world.sound()
    named = {}
    for damage in DAMAGES:
        with world.engine.connect() as connection:
            connection.execute(text(damage))
            named[damage] = names(connection, world)
            connection.rollback()
    different = {d: (named[d], DAMAGES[d]) for d in DAMAGES if named[d] != DAMAGES[d]}
    assert different == {}
