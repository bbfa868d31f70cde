"""What a participant has to pay, as a credit transfer initiation: pain.001.001.09 of ISO 20022."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from pyiso20022.pain import pain_001_001_09 as pain
from xsdata.models.datatype import XmlDate, XmlDateTime

from coalition.statement_reading import Statement
from gateway.documents.accounts import Account, account_of
from gateway.documents.figures import as_decimal
from gateway.documents.messages import (
    InMoney,
    as_xml,
    in_money,
    iso_instant,
    message_id,
    payment_id,
    require_amounts,
)
from gateway.documents.problems import NoDocument

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


class _Due(NamedTuple):
    payee: str
    minor: int


def payment_initiation(
    statement: Statement,
    *,
    accounts: Mapping[str, Account],
    money: str | None,
    created: datetime,
    due: date,
) -> bytes:
    """An order to pay all that the participant has to pay for the window, on a day.

    Its ids follow from the statement: the same payments never come under two ids. An amount that
    is nothing in this money is left out. Raises NoDocument where there is nothing to pay, no value
    in the money, or no account of somebody concerned.
    """
    chosen = in_money(statement, money)
    payer = statement.participant
    dues = list(_dues(statement, chosen))
    if not dues:
        message = f"{payer} has nothing to pay in {chosen.currency} for window {statement.window}"
        raise NoDocument(message)
    total = sum(due.minor for due in dues)
    require_amounts(total)
    count, in_all = str(len(dues)), as_decimal(total, chosen.exponent)
    own = account_of(accounts, payer)
    identity = message_id(statement, "PAY")
    initiation = pain.CustomerCreditTransferInitiationV09(
        grp_hdr=pain.GroupHeader85(
            msg_id=identity,
            cre_dt_tm=XmlDateTime.from_string(iso_instant(created)),
            nb_of_txs=count,
            ctrl_sum=in_all,
            initg_pty=_party(own),
        ),
        pmt_inf=[
            pain.PaymentInstruction30(
                pmt_inf_id=identity,
                pmt_mtd=pain.PaymentMethod3Code.TRF,
                nb_of_txs=count,
                ctrl_sum=in_all,
                reqd_exctn_dt=pain.DateAndDateTime2Choice(dt=XmlDate.from_date(due)),
                dbtr=_party(own),
                dbtr_acct=_account(own),
                dbtr_agt=_agent(own),
                cdt_trf_tx_inf=[
                    _transfer(statement, chosen, due_, account_of(accounts, due_.payee))
                    for due_ in dues
                ],
            )
        ],
    )
    return as_xml(pain.Document(cstmr_cdt_trf_initn=initiation), NAMESPACE)


def _dues(statement: Statement, money: InMoney) -> Iterator[_Due]:
    for row in statement.section("MONEY_PAYMENTS", money.currency).rows:
        minor = int(row["amount_minor"])
        if row["payer"] == statement.participant and minor:
            yield _Due(row["payee"], minor)


def _transfer(
    statement: Statement, money: InMoney, due: _Due, payee: Account
) -> pain.CreditTransferTransaction34:
    reference = (
        f"Settlement {statement.settlement}, window {statement.window}, "
        f"{statement.participant} to {due.payee}"
    )
    return pain.CreditTransferTransaction34(
        pmt_id=pain.PaymentIdentification6(
            end_to_end_id=payment_id(statement, statement.participant, due.payee)
        ),
        amt=pain.AmountType4Choice(
            instd_amt=pain.ActiveOrHistoricCurrencyAndAmount(
                value=as_decimal(due.minor, money.exponent), ccy=money.currency
            )
        ),
        cdtr_agt=_agent(payee) if payee.bic else None,
        cdtr=_party(payee),
        cdtr_acct=_account(payee),
        rmt_inf=pain.RemittanceInformation16(ustrd=[reference]),
    )


def _party(account: Account) -> pain.PartyIdentification135:
    address = None if account.country is None else pain.PostalAddress24(ctry=account.country)
    return pain.PartyIdentification135(nm=account.name, pstl_adr=address)


def _account(account: Account) -> pain.CashAccount38:
    if account.iban is not None:
        return pain.CashAccount38(id=pain.AccountIdentification4Choice(iban=account.iban))
    other = pain.GenericAccountIdentification1(id=account.number)
    return pain.CashAccount38(id=pain.AccountIdentification4Choice(othr=other))


def _agent(account: Account) -> pain.BranchAndFinancialInstitutionIdentification6:
    """The bank; where none is known it says so, in the way that banks expect."""
    if account.bic is not None:
        found = pain.FinancialInstitutionIdentification18(bicfi=account.bic)
    else:
        other = pain.GenericFinancialIdentification1(id="NOTPROVIDED")
        found = pain.FinancialInstitutionIdentification18(othr=other)
    return pain.BranchAndFinancialInstitutionIdentification6(fin_instn_id=found)
