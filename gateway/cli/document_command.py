"""`coalition settlement document`: a statement as PDF, camt.053 or pain.001."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import click

from coalition.statement_reading import Statement
from coalition.statements import BadStatement, read_statement, verify_statement
from coalition.v1 import settlement_pb2
from gateway.cli import output
from gateway.cli.failures import BadUse, NotProven
from gateway.cli.session import Session, signed_options_when_asked
from gateway.cli.types import DAY, INSTANT
from gateway.documents.accounts import Account, read_accounts
from gateway.documents.problems import NoDocument, require_installed

PDF_LIBRARIES = ("fpdf", "fontpkg_lato")
MESSAGE_LIBRARIES = ("xsdata", "pyiso20022")


class Form(StrEnum):
    """What a statement is made into."""

    PDF = "pdf"
    CAMT_053 = "camt.053"
    PAIN_001 = "pain.001"


@click.command()
@click.argument("window", type=click.IntRange(min=1), required=False)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A statement's JSON; no gateway is asked.",
)
@click.option("--participant", default="", help="Whose, for an administrator; by default yours.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Form]),
    required=True,
    help="pdf for people; camt.053 for treasury systems; pain.001 for the bank that pays.",
)
@click.option("--out", "path", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option(
    "--accounts",
    "accounts_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="TOML with names and accounts by participant; pain.001 needs it.",
)
@click.option("--money", help="Currency of the amounts, such as USD; by default the only one.")
@click.option("--created", type=INSTANT, help="When the document is made; by default now.")
@click.option(
    "--due",
    type=DAY,
    help="Day of the payments; by default the one in the statement, else when made.",
)
@signed_options_when_asked
def document(  # noqa: PLR0913 - one parameter per option
    session: Callable[[], Session],
    *,
    window: int | None,
    source: Path | None,
    participant: str,
    form: str,
    path: Path,
    accounts_path: Path | None,
    money: str | None,
    created: datetime | None,
    due: date | None,
) -> None:
    """Make a document of the statement of WINDOW, or of a file (--from), which is verified."""
    if (window is None) is (source is None):
        message = "name a window, or a statement's JSON with --from"
        raise click.UsageError(message)
    try:
        require_installed(*(PDF_LIBRARIES if form == Form.PDF else MESSAGE_LIBRARIES))
        accounts = {} if accounts_path is None else read_accounts(accounts_path)
        if source is not None:
            json_bytes = source.read_bytes()
        else:
            json_bytes = fetch(session(), window or 0, participant).json
        statement = read_statement(json_bytes)
        data = make(Form(form), statement, accounts, money, created, due)
    except NoDocument as problem:
        raise BadUse(str(problem)) from None
    except BadStatement as problem:
        raise NotProven(str(problem)) from None
    path.write_bytes(data)
    output.note(f"{path}: {form} of {statement.participant}, window {statement.window}.")


def make(
    form: Form,
    statement: Statement,
    accounts: Mapping[str, Account],
    money: str | None,
    created: datetime | None,
    due: date | None,
) -> bytes:
    """The document. A PDF that is told no time holds none; a message is made now, then.

    Raises NoDocument.
    """
    if due is None and statement.settlement_date is not None:
        due = date.fromisoformat(statement.settlement_date)
    if form is Form.PDF:
        from gateway.documents.pdf import statement_pdf  # noqa: PLC0415 - only who asks needs it

        return statement_pdf(statement, accounts=accounts, money=money, due=due, created=created)
    at = created or datetime.now(UTC)
    if form is Form.CAMT_053:
        from gateway.documents.camt053 import account_statement  # noqa: PLC0415 - likewise

        return account_statement(statement, accounts=accounts, money=money, created=at)
    from gateway.documents.pain001 import payment_initiation  # noqa: PLC0415 - likewise

    return payment_initiation(
        statement, accounts=accounts, money=money, created=at, due=due or at.date()
    )


def fetch(session: Session, window: int, participant: str) -> settlement_pb2.Statement:
    """The statement of a closed window, which agrees with itself and with what was asked for.

    Raises NotProven where it does not.
    """
    request = settlement_pb2.GetStatementRequest(window=window, participant=participant)
    found = session.read("Settlement.GetStatement", request, settlement_pb2.Statement)
    digest = hashlib.sha256(found.json).digest()
    if digest != found.sha256:
        message = f"the statement's SHA-256 is {digest.hex()}, not {found.sha256.hex()} as told"
        raise NotProven(message)
    if problems := verify_statement(found.json, found.csv):
        raise NotProven(str(BadStatement(problems)))
    said = read_statement(found.json)
    asked = (session.profile.coalition, window, participant or said.participant)
    if (said.coalition, said.window, said.participant) != asked:
        message = (
            f"this is the statement of {said.participant}, window {said.window}, coalition "
            f"{said.coalition}; another was asked for"
        )
        raise NotProven(message)
    return found
