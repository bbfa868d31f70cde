"""A statement for treasury systems, as a bank-to-customer statement: camt.053.001.08 of ISO 20022.

The account is the participant's with the coalition: credits are owed to it, debits it owes.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from pyiso20022.camt import camt_053_001_08 as camt
from xsdata.models.datatype import XmlDate, XmlDateTime

from coalition.statement_reading import Statement, own_row
from gateway.documents.accounts import Account
from gateway.documents.figures import as_decimal, in_units
from gateway.documents.messages import (
    InMoney,
    as_xml,
    in_money,
    iso_instant,
    issuer,
    message_id,
    require_amounts,
)

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
SCHEME = "COALITION"
ROUNDING = "MONEY_ROUNDING"
"""Code of the entry that takes up what entries, valued one by one, and the position differ by."""


class _Entry(NamedTuple):
    """An entry of the account; a positive amount is a credit."""

    code: str
    minor: int
    lines: int
    note: str


def account_statement(
    statement: Statement,
    *,
    accounts: Mapping[str, Account],
    money: str | None,
    created: datetime,
) -> bytes:
    """The participant's account with the coalition in a window.

    It has balances, and an entry for each counterparty and kind, fees among them.
    Every entry is its net, valued for itself, half to even; an entry of its own takes up the
    rest, so that entries sum to the position in money. The opening balance is what was open
    in the shared currency at this window's value. Raises NoDocument where there is no such value.
    """
    chosen = in_money(statement, money)
    entries = list(_entries(statement, chosen))
    opening = round(int(statement.position["opening_minor"]) * statement.prices[chosen.currency])
    closing = opening + sum(entry.minor for entry in entries)
    gross = sum(abs(entry.minor) for entry in entries)
    require_amounts(opening, closing, gross)
    at = XmlDateTime.from_string(iso_instant(created))
    day = camt.DateAndDateTime2Choice(dt=XmlDate.from_date(created.date()))
    identity = message_id(statement, f"STM-{chosen.currency}")
    made = camt.AccountStatement9(
        id=identity,
        elctrnc_seq_nb=as_decimal(statement.settlement, 0),
        cre_dt_tm=at,
        acct=_account(statement, accounts, chosen),
        bal=[
            _balance("OPBD", opening, chosen, day),
            _balance("CLBD", closing, chosen, day),
        ],
        txs_summry=_summary(entries, chosen),
        ntry=[
            _entry(statement, number, entry, chosen, day) for number, entry in enumerate(entries, 1)
        ],
        addtl_stmt_inf=(
            f"Window {statement.window}, settlement {statement.settlement}, entries "
            f"{statement.first_number} to {statement.last_number}; statement SHA-256 "
            f"{statement.sha256}"
        ),
    )
    header = camt.GroupHeader81(msg_id=identity, cre_dt_tm=at)
    whole = camt.BankToCustomerStatementV08(grp_hdr=header, stmt=[made])
    return as_xml(camt.Document(bk_to_cstmr_stmt=whole), NAMESPACE)


def _entries(statement: Statement, money: InMoney) -> Iterator[_Entry]:
    price, valued = statement.prices[money.currency], 0
    for name in ("OBLIGATIONS", "FEES"):
        for row in statement.section(name).rows:
            minor = round(int(row["net_minor"]) * price)
            valued += minor
            yield _Entry(row["kind"], minor, int(row["count"]), _note(statement, row))
    own = own_row(statement.section("MONEY_POSITIONS", money.currency), statement.participant)
    if rest := int(own["net_minor"]) - valued:
        yield _Entry(ROUNDING, rest, 0, f"{statement.operator}: rounding of the entries above")


def _note(statement: Statement, row: Mapping[str, str]) -> str:
    to, by = (
        in_units(int(row[name]), statement.exponent) for name in ("owed_to_minor", "owed_by_minor")
    )
    return (
        f"{row['counterparty']}: owed to you {to}, owed by you {by} {statement.currency} in "
        f"{row['count']} lines"
    )


def _account(
    statement: Statement, accounts: Mapping[str, Account], money: InMoney
) -> camt.CashAccount39:
    identity = camt.GenericAccountIdentification1(
        id=statement.participant,
        schme_nm=camt.AccountSchemeName1Choice(prtry=SCHEME),
        issr=issuer(statement),
    )
    servicer = camt.FinancialInstitutionIdentification18(nm=_name(accounts, statement.operator))
    return camt.CashAccount39(
        id=camt.AccountIdentification4Choice(othr=identity),
        ccy=money.currency,
        ownr=camt.PartyIdentification135(nm=_name(accounts, statement.participant)),
        svcr=camt.BranchAndFinancialInstitutionIdentification6(fin_instn_id=servicer),
    )


def _name(accounts: Mapping[str, Account], participant: str) -> str:
    account = accounts.get(participant)
    return participant if account is None else account.name


def _amount(minor: int, money: InMoney) -> camt.ActiveOrHistoricCurrencyAndAmount:
    return camt.ActiveOrHistoricCurrencyAndAmount(
        value=as_decimal(abs(minor), money.exponent), ccy=money.currency
    )


def _side(minor: int) -> camt.CreditDebitCode:
    return camt.CreditDebitCode.DBIT if minor < 0 else camt.CreditDebitCode.CRDT


def _balance(
    code: str, minor: int, money: InMoney, day: camt.DateAndDateTime2Choice
) -> camt.CashBalance8:
    return camt.CashBalance8(
        tp=camt.BalanceType13(cd_or_prtry=camt.BalanceType10Choice(cd=code)),
        amt=_amount(minor, money),
        cdt_dbt_ind=_side(minor),
        dt=day,
    )


def _summary(entries: Iterable[_Entry], money: InMoney) -> camt.TotalTransactions6:
    minors = [entry.minor for entry in entries]
    credits_, debits = [m for m in minors if m >= 0], [-m for m in minors if m < 0]
    net = sum(minors)

    def counted(listed: list[int]) -> camt.NumberAndSumOfTransactions1:
        total = as_decimal(sum(listed), money.exponent)
        return camt.NumberAndSumOfTransactions1(nb_of_ntries=str(len(listed)), sum=total)

    return camt.TotalTransactions6(
        ttl_ntries=camt.NumberAndSumOfTransactions4(
            nb_of_ntries=str(len(minors)),
            sum=as_decimal(sum(map(abs, minors)), money.exponent),
            ttl_net_ntry=camt.AmountAndDirection35(
                amt=as_decimal(abs(net), money.exponent), cdt_dbt_ind=_side(net)
            ),
        ),
        ttl_cdt_ntries=counted(credits_),
        ttl_dbt_ntries=counted(debits),
    )


def _entry(
    statement: Statement,
    number: int,
    entry: _Entry,
    money: InMoney,
    day: camt.DateAndDateTime2Choice,
) -> camt.ReportEntry10:
    code = camt.ProprietaryBankTransactionCodeStructure1(cd=entry.code, issr=issuer(statement))
    return camt.ReportEntry10(
        ntry_ref=f"{statement.settlement}-{number}",
        amt=_amount(entry.minor, money),
        cdt_dbt_ind=_side(entry.minor),
        sts=camt.EntryStatus1Choice(cd="BOOK"),
        bookg_dt=day,
        bk_tx_cd=camt.BankTransactionCodeStructure4(prtry=code),
        ntry_dtls=[
            camt.EntryDetails9(
                btch=camt.BatchInformation2(
                    nb_of_txs=str(entry.lines),
                    ttl_amt=_amount(entry.minor, money),
                    cdt_dbt_ind=_side(entry.minor),
                )
            )
        ],
        addtl_ntry_inf=entry.note,
    )
