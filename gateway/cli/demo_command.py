"""The command `coalition demo`."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from coalition.activity_files.mapping_files import read_mapping
from coalition.evidence import verify_all
from coalition.evidence_fetch import Fetch
from coalition.evidence_folder import Folder
from coalition.profile import Profile, write_profile
from coalition.statements import read_statement
from coalition.verifying import Evidence, verify
from gateway.cli.database import out, progress
from gateway.cli.document_command import MESSAGE_LIBRARIES, PDF_LIBRARIES, Form, make
from gateway.cli.settle_command import settle_now, write_files
from gateway.database import report_engine
from gateway.demo.day import ActivityFile, DayReport, DemoDay
from gateway.demo.scene import demo_clock, demo_founding, gateway_process
from gateway.documents.accounts import read_accounts
from gateway.documents.problems import INSTALL_DOCUMENTS, NoDocument, is_installed
from gateway.founding import found
from gateway.postgres import embedded_postgres, reachable_data_dir
from gateway.reports import file_hashes, settlement_json, show_settlement, statement_files
from gateway.self_check import check_book
from settlement.ledger.book import read_head
from settlement.ledger.entries import Coalition
from settlement.ledger.reading import count_lines
from settlement.reports import SettlementReport

Show = Callable[[str, int, int], None]


@click.command()
@click.option(
    "--stays",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Hotel bookings to replay (CSV, gzip); else a sample that ships with the product.",
)
@click.option(
    "--flights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Flights to replay (JSON, gzip); else a sample.",
)
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-results"),
    show_default=True,
    help="Where statements, receipts and the summary go; what an earlier demo left is replaced.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line.")
def demo(*, stays: Path | None, flights: Path | None, folder: Path, as_json: bool) -> None:
    """Play a coalition's day on a real gateway, settle it, and verify what came of it."""
    _make_folder(folder)
    console = Console(file=sys.stderr if as_json else sys.stdout)
    with _database() as url, progress() as show:
        summary, report, coalition = _play(url, _files(stays, flights), folder, show)
    show_settlement(console, report, coalition)
    console.print(_summary_table(summary))
    console.print(f"Statements, receipts and summary are in {folder}.")
    if not is_installed(*PDF_LIBRARIES, *MESSAGE_LIBRARIES):
        console.print(f"With more installed it also makes PDFs and bank files: {INSTALL_DOCUMENTS}")
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    if as_json:
        click.echo(json.dumps(summary))
    if summary["problems"]:
        for problem in summary["problems"]:  # type: ignore[attr-defined]
            out.print(problem, markup=False)
        raise click.ClickException("the day was played, but not everything could be verified")


MARK = "demo-results.txt"
"""Says that a folder is a demo's, so that the next one may replace what is in it."""


def _make_folder(folder: Path) -> None:
    mark = folder / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        message = f"{folder} is not empty and not an earlier demo's; give another --out"
        raise click.ClickException(message)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.write_text("Made by `coalition demo`, which replaces it when it runs again.\n", "utf-8")


@contextmanager
def _database() -> Iterator[str]:
    """A database of the demo's own, gone when it ends."""
    with tempfile.TemporaryDirectory(prefix="coalition-demo-") as scratch:
        data_dir = reachable_data_dir(Path(scratch) / "postgres")
        try:
            with embedded_postgres(data_dir) as url:
                yield url
        finally:
            shutil.rmtree(data_dir, ignore_errors=True)


def _files(stays: Path | None, flights: Path | None) -> list[ActivityFile]:
    samples = Path(str(resources.files("gateway.samples")))
    return [
        ActivityFile(
            "hotel",
            stays or samples / "stays.csv",
            read_mapping(samples / "hotel_bookings.mapping.toml"),
        ),
        ActivityFile(
            "airline",
            flights or samples / "flights.json",
            read_mapping(samples / "flights.mapping.toml"),
        ),
    ]


def _play(
    url: str,
    files: list[ActivityFile],
    folder: Path,
    show: Show,
) -> tuple[dict[str, object], SettlementReport, Coalition]:
    """The day, the night and the morning after."""
    founding = demo_founding()
    engine = report_engine(url)
    found(engine, founding, demo_clock())
    write_profile(folder / "coalition.json", founding.profile)
    with gateway_process(url) as target, DemoDay(target, founding.profile, folder, show) as day:
        refusals = _day(day, files)
        coalition, report = settle_now(engine, demo_clock, show)
        files_made = statement_files(report)
        write_files(folder / "statements", files_made)
        write_files(folder / "documents", _documents(report))
        problems = _evidence(day, report, founding.profile, folder, show)
        _follow_feeds(day, report, show)
        senders, played = day.senders, day.report
    verified, bad = _receipts(folder, founding.profile, senders)
    found_wrong, _ = check_book(engine, coalition, show)
    summary = _summary(engine, played, report, files_made)
    summary |= {
        "refusals": refusals,
        "receipts_verified": verified,
        "book_balanced": not found_wrong,
        "problems": [*problems, *bad, *map(str, found_wrong)],
    }
    engine.dispose()
    return summary, report, coalition


def _day(day: DemoDay, files: list[ActivityFile]) -> list[str]:
    day.found_partners()
    day.enrol_members(files)
    for file in files:
        day.send(file)
    day.convert_some(files[0])
    day.use_cards(files[1])
    day.reverse_one(files[0])
    return day.try_what_is_refused(files[0])


def _evidence(
    day: DemoDay, report: SettlementReport, profile: Profile, folder: Path, show: Show
) -> list[str]:
    """Every partner collects the evidence of its statement and verifies it, as a partner does."""
    problems: list[str] = []
    partners = sorted(set(report.statements) & set(day.senders))
    for done, partner in enumerate(partners, 1):
        place = Folder(folder / "evidence" / partner)
        Fetch(day.client(partner), profile, partner, place, _quiet).run(None)
        receipts = folder / f"receipts-{partner}.jsonl"
        found = verify(Evidence(place, profile, receipts, receipts_whole=True), _quiet)
        problems += [f"evidence of {partner}: {problem}" for problem in found.problems]
        show("Evidence is verified", done, len(partners))
    return problems


def _quiet(what: str, done: int, total: int) -> None:
    """Progress within what is one step of the demo's."""


def _documents(report: SettlementReport) -> dict[str, bytes]:
    """Every statement as PDF and as bank files, where the libraries are installed."""
    if not is_installed(*PDF_LIBRARIES, *MESSAGE_LIBRARIES):
        return {}
    accounts = read_accounts(Path(str(resources.files("gateway.samples"))) / "accounts.toml")
    made = {}
    for participant, statement in report.statements.items():
        said, now = read_statement(statement.json), demo_clock()
        for form, suffix in ((Form.PDF, "pdf"), (Form.CAMT_053, "xml"), (Form.PAIN_001, "xml")):
            with suppress(NoDocument):  # who receives has nothing to pay
                document = make(form, said, accounts, "USD", now, None)
                made[f"{form}-{statement.settlement_id:04}-{participant}.{suffix}"] = document
    return made


def _follow_feeds(day: DemoDay, report: SettlementReport, show: Show) -> None:
    """Who has no statement follows its feed to the end; the client verifies each record."""
    others = sorted(set(day.senders) - set(report.statements))
    for done, sender in enumerate(others, 1):
        for _ in day.client(sender).follow(stop_at_end=True):
            pass
        show("Feeds are followed", done, len(others))


def _receipts(folder: Path, profile: Profile, senders: list[str]) -> tuple[int, list[str]]:
    verified, problems = 0, []
    for sender in senders:
        result = verify_all(folder / f"receipts-{sender}.jsonl", profile)
        verified += result.receipts
        problems += [f"receipts of {sender}: {problem}" for problem in result.problems]
    return verified, problems


def _summary(
    engine: Engine,
    played: DayReport,
    report: SettlementReport,
    files: Mapping[str, bytes],
) -> dict[str, object]:
    with engine.connect() as connection:
        entries, lines = read_head(connection).size, count_lines(connection)
    return {
        "activities": played.activities,
        "members": played.members,
        "conversions": played.converted,
        "entries": entries,
        "lines": lines,
        "accruals_per_second": played.accruals_per_second,
        "refused": played.refused,
        **settlement_json(report),
        "statements": file_hashes(files),
    }


def _summary_table(summary: Mapping[str, object]) -> Table:
    table = Table(title="The day", title_justify="left", show_header=False)
    for name in (
        "members",
        "activities",
        "conversions",
        "refused",
        "entries",
        "lines",
        "accruals_per_second",
        "receipts_verified",
        "book_balanced",
    ):
        table.add_row(name.replace("_", " "), str(summary[name]))
    return table
