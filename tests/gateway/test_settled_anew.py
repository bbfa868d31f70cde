"""Windows that are paid, aborted and settled anew, and what partners can prove of them offline."""

from pathlib import Path

import pytest

from coalition.evidence_folder import Folder
from coalition.statements import read_statement
from coalition.v1 import payments_pb2
from partners.directory_store import money_at
from settlement.ledger import dues
from settlement.ledger.book import load_coalition
from settlement.run import settle
from support.coalition_day import Day, coalition_day, stay
from support.evidence import fetch, verified

PARTNERS = ("hotel", "airline", "card")


def night(day: Day) -> None:
    with day.engine.connect() as connection:
        coalition = load_coalition(connection)
    assert coalition is not None
    settle(day.engine, coalition, PARTNERS, day.clock, money_at)


def pay(day: Day, settlement: int) -> None:
    """Everything that a settlement made due."""
    asked = payments_pb2.ListPaymentsRequest(settlement=settlement)
    listed = day.client("admin-one").read("Payments.ListPayments", asked, payments_pb2.PaymentList)
    for each in listed.payments:
        payee = each.payment.payee
        request = payments_pb2.ConfirmPaymentRequest(
            payment=each.payment, amount_minor=each.amount_minor, reference="R"
        )
        day.client("admin-one" if payee == "operator" else payee).write("Payments.Confirm", request)


def abort(day: Day, settlement: int, apart: str) -> None:
    propose = payments_pb2.ProposeAbortRequest(
        settlement=settlement, reason="does not pay", apart=[apart]
    )
    made = day.client("admin-one").write("Payments.ProposeAbort", propose)
    proposed = made.result_as(payments_pb2.Abort)
    approve = payments_pb2.ApproveAbortRequest(settlement=settlement, proposal=proposed.proposal)
    day.client("admin-two").write("Payments.ApproveAbort", approve)


@pytest.mark.parametrize("me", ["hotel", "airline"])
def test_partners_prove_what_was_paid_and_what_was_settled_anew(
    database_url: str, tmp_path: Path, me: str
) -> None:
    with coalition_day(database_url) as day:
        day.settled_world()
        day.accrue(stay("H1", "one"))
        night(day)
        day.accrue(stay("H1", "two"))
        night(day)
        pay(day, 1)
        abort(day, 2, "hotel")
        night(day)
        day.accrue(stay("H1", "three"))
        night(day)

        folder = fetch(day, me, tmp_path)
        report = verified(day, folder)

    assert report.problems == []
    told = [read_statement(each.json.read_bytes()) for each in Folder(folder.path).statements()]
    assert [(each.window, each.settlement, each.supersedes, each.apart) for each in told] == [
        (1, 1, None, ()),
        (2, 2, None, ()),
        (2, 3, 2, ("hotel",)),
        (3, 4, None, ()),
    ]
    sums = [tuple(int(each.position[f"{n}_minor"]) for n in ("opening", "net")) for each in told]
    first, second, again, third = sums
    assert second == (first[1], second[1])  # the first is not paid yet
    assert again == (0, second[1])  # it is, and what the second posted is undone
    assert third == (again[1], third[1])


def proves(day: Day, path: Path, window: int | None = None) -> None:
    assert verified(day, fetch(day, "hotel", path, window)).problems == []


def two_nights(day: Day) -> None:
    day.settled_world()
    for label in ("one", "two"):
        day.accrue(stay("H1", label))
        night(day)


def test_statements_follow_each_other_while_one_is_aborted(
    database_url: str, tmp_path: Path
) -> None:
    with coalition_day(database_url) as day:
        two_nights(day)
        abort(day, 1, "hotel")
        proves(day, tmp_path)


def test_a_folder_grows_over_aborts_in_any_order(database_url: str, tmp_path: Path) -> None:
    with coalition_day(database_url) as day:
        two_nights(day)
        proves(day, tmp_path / "grows")
        abort(day, 2, "hotel")
        abort(day, 1, "airline")
        for when in ("one anew", "both anew"):
            night(day)
            proves(day, tmp_path / "grows")
            proves(day, tmp_path / when)


def test_statements_up_to_a_window_that_was_settled_anew(database_url: str, tmp_path: Path) -> None:
    with coalition_day(database_url) as day:
        two_nights(day)
        abort(day, 1, "hotel")
        night(day)
        proves(day, tmp_path, 1)


def test_a_statement_that_sets_apart_other_than_the_abort_said(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with coalition_day(database_url) as day:
        day.settled_world()
        day.accrue(stay("H1", "one"))
        night(day)
        abort(day, 1, "hotel")
        monkeypatch.setattr(dues, "apart_by_abort", lambda *_: ())
        night(day)
        problems = verified(day, fetch(day, "airline", tmp_path)).problems
    (problem,) = problems
    assert problem.startswith("statement-1-airline.2.json: it sets apart nobody; entry ")
    assert problem.endswith(" says to set apart hotel")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"supersedes":"1"', '"supersedes":null', "does not say that it supersedes it"),
        ('"settlement":"2"', '"settlement":"1"', "supersedes is not an earlier settlement"),
        ('"apart":"hotel"', '"apart":"airline"', "it sets apart airline; entry "),
    ],
)
def test_a_statement_that_hides_what_it_supersedes(
    database_url: str, tmp_path: Path, old: str, new: str, words: str
) -> None:
    with coalition_day(database_url) as day:
        day.settled_world()
        day.accrue(stay("H1", "one"))
        night(day)
        abort(day, 1, "hotel")
        night(day)
        folder = fetch(day, "hotel", tmp_path)
        files = folder.statement(1, "hotel", 2)
        told = files.json.read_text()
        assert old in told
        files.json.write_text(told.replace(old, new))
        assert words in "\n".join(verified(day, folder).problems)
