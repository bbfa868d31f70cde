"""`coalition net`: any list of who owes whom, and what is wrong with one."""

import json
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import pytest
from click.testing import CliRunner, Result

from docs.markdown import page
from gateway.cli.lazy import SERVER_PACKAGES
from gateway.cli.main import cli
from settlement.fewest import MOST

FOUR = "debtor,creditor,amount\nE,A,10\nE,D,65\nF,B,49\nF,C,50\nA,C,5\nC,A,5\n"


def net(source: str | bytes, *options: str) -> Result:
    return CliRunner().invoke(cli, ["net", "-", *options], input=source)


def netted(source: str | bytes) -> dict[str, object]:
    done = net(source, "--json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def owes(debtor: str, creditor: str, amount: int) -> dict[str, object]:
    return {"debtor": debtor, "creditor": creditor, "amount": amount}


def test_one_json_object(tmp_path: Path) -> None:
    path = tmp_path / "debts.csv"
    path.write_text(FOUR)
    done = CliRunner().invoke(cli, ["net", str(path), "--json"])
    assert json.loads(done.stdout) == {
        "bilateral": [
            owes("E", "A", 10),
            owes("E", "D", 65),
            owes("F", "B", 49),
            owes("F", "C", 50),
        ],
        "positions": {"A": 10, "B": 49, "C": 50, "D": 65, "E": -75, "F": -99},
        "payments": [
            owes("E", "A", 10),
            owes("E", "D", 65),
            owes("F", "B", 49),
            owes("F", "C", 50),
        ],
        "method": "exact",
    }
    assert netted(FOUR) == json.loads(done.stdout)


def test_tables_tell_gross_net_and_ratio() -> None:
    done = net(FOUR)
    assert done.exit_code == 0
    for title in ("Bilateral nets", "Positions", "Payments"):
        assert title in done.stdout
    rows = [line.strip("│ ").split("│") for line in done.stdout.splitlines() if "│" in line]
    figures = {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}
    assert figures == {
        "gross": "184",
        "net of pairs": "174",
        "net": "174",
        "net to gross": "87/92 (94.57 %)",
        "payments": "4",
        "method": "exact: there are no fewer",
    }


def test_above_what_is_exact_it_says_so() -> None:
    rows = "".join(f"p{i},p{i + 1},{i + 1}\n" for i in range(MOST))
    assert netted(rows)["method"] == "heuristic"
    assert "perhaps not the fewest" in net(rows).stdout


@pytest.mark.parametrize(
    "source",
    [
        "a,b,5\n",
        "debtor,creditor,amount\na,b,5\n",
        "Debtor , CREDITOR,amount\r\n a , b , 5 \r\n\r\n",
        "amount,creditor,debtor\n5,b,a\n",
        "\ufeffdebtor,creditor,amount\na,b,5",
        '"debtor","creditor","amount"\n"a" , "b","5"\n',
        "\n\na,b,0005\n",
        "a,b,2\nb,a,1\na,b,4\n",
    ],
)
def test_ways_to_write_the_same(source: str) -> None:
    assert netted(source) == {
        "bilateral": [owes("a", "b", 5)],
        "positions": {"a": -5, "b": 5},
        "payments": [owes("a", "b", 5)],
        "method": "exact",
    }


def test_names_are_what_people_write() -> None:
    decomposed = normalize("NFD", "Café")
    found = netted(f'"Hotel ""Zur Post"", GmbH",{decomposed},7\nCafé,酒店 1,7\n')
    assert found["positions"] == {"Café": 0, 'Hotel "Zur Post", GmbH': -7, "酒店 1": 7}
    assert found["payments"] == [owes('Hotel "Zur Post", GmbH', "酒店 1", 7)]


def test_a_header_alone_nets_to_nothing() -> None:
    nothing = {"bilateral": [], "positions": {}, "payments": [], "method": "exact"}
    assert netted("debtor,creditor,amount\n") == nothing
    assert net("debtor,creditor,amount\n").exit_code == 0


def test_amounts_of_any_size_stay_exact() -> None:
    large = 10**60 + 1
    assert netted(f"a,b,{large}\nb,c,{large - 1}\n")["positions"] == {
        "a": -large,
        "b": 1,
        "c": large - 1,
    }


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "file is empty: a list of no debts is the header alone"),
        ("\n\n", "file is empty"),
        ("a,b,5\na,a,5\n", "line 2, creditor is the debtor, 'a'"),
        ("Café,Cafe\u0301,5\n", "line 1, creditor is the debtor"),
        ("a,b,-5\n", "line 1, amount is '-5'"),
        ("a,b,0\n", "line 1, amount is 0"),
        ("a,b,1.5\n", "line 1, amount is '1.5'"),
        ("a,b,1e3\n", "line 1, amount is '1e3'"),
        ("a,b,+3\n", "line 1, amount is '+3'"),
        ('a,b,"1,000"\n', "line 1, amount is '1,000'"),
        ("a,b,१२\n", "line 1, amount is"),
        ("a,b,NaN\n", "line 1, amount is 'NaN'"),
        ("a,b,\n", "line 1, amount is missing"),
        (f"a,b,{'9' * 5_000}\n", "line 1, amount has 5000 digits"),
        ("a,,5\n", "line 1, creditor is empty"),
        (" ,b,5\n", "line 1, debtor is empty"),
        ("a,b\n", "line 1, row has 2 columns"),
        ("a;b;5\n", "line 1, row has 1 column: write three, with commas between"),
        ("a,b,5,EUR\n", "line 1, row has 4 columns"),
        ("debtor,creditor,amount,currency\na,b,5,EUR\n", "line 1, row has 4 columns"),
        ("a,b,5\ndebtor,creditor,amount\n", "line 2, amount is 'amount'"),
        ('a,b,5\n"a,b,5\nc,d,5\n', "line 3, row has 1 column"),
        ('"a\nb",c,5\n', "line 2, debtor is 'a\\nb'"),
        ("a\x00,b,5\n", "line 1, debtor is 'a\\x00'"),
        (b"a,b,5\n\xff\xfe,b,5\n", "is not UTF-8 text"),
        ("a" * 200_000 + ",b,5\n", "line 1, file is not CSV (field larger"),
    ],
)
def test_bad_input_is_named_with_its_line(source: str | bytes, says: str) -> None:
    done = net(source)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_the_first_twenty_problems_are_told_at_once() -> None:
    done = net("a,a,5\n" * 50)
    assert done.stderr.count("nobody owes itself") == 20


def test_a_file_that_is_not_there() -> None:
    done = CliRunner().invoke(cli, ["net", "not-there.csv"])
    assert done.exit_code == 2
    assert "not-there.csv" in done.stderr


def test_it_needs_nothing_of_the_server() -> None:
    code = (
        "import sys\nfrom gateway.cli.main import cli\n"
        "cli(['net', '-', '--json'], standalone_mode=False)\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="a,b,5\n", capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["positions"] == {"a": -5, "b": 5}
    assert not set(done.stderr.split()) & SERVER_PACKAGES


def test_the_example_of_the_page() -> None:
    _, _, after = page("docs/SETTLEMENT.md").partition("```csv\n")
    found = netted(after.partition("```")[0])
    assert found["payments"] == json.loads(net(FOUR, "--json").stdout)["payments"]
