"""The accounts of the book and how they are named.

Every points currency has exactly one issuer, and every account is of one currency. The
codes are part of the hashed bytes of a line (proto/SIGNING.md), so they never change.
"""

from functools import lru_cache

from settlement.ledger.values import value

CACHED_ACCOUNTS = 65_536
"""Companies' accounts are few and named on every line; members' are not worth keeping."""


@value
class Account:
    """An account of one currency. A member's account knows whose it is."""

    code: str
    currency: str
    programme: str | None = None
    member_id: int | None = None


@lru_cache(maxsize=CACHED_ACCOUNTS)
def issued(programme: str, currency: str) -> Account:
    """What the issuer of a programme's currency has outstanding (a debit balance)."""
    return Account(f"issued/{programme}", currency)


@lru_cache(maxsize=CACHED_ACCOUNTS)
def external(programme: str, currency: str) -> Account:
    """Control account of a programme whose partner keeps its members' balances itself."""
    return Account(f"external/{programme}", currency)


def member(member_id: int, programme: str, currency: str) -> Account:
    """What a member holds of a programme's currency (a credit balance)."""
    return Account(f"member/{member_id}/{programme}", currency, programme, member_id)


@lru_cache(maxsize=CACHED_ACCOUNTS)
def clearing(window: int, owner: str, counterparty: str, currency: str) -> Account:
    """What `owner` owes (debit) or is owed by (credit) `counterparty` in a window.

    Raises ValueError where both are the same: nobody owes themselves.
    """
    if owner == counterparty:
        message = f"clearing account of {owner} with itself: an obligation needs two participants"
        raise ValueError(message)
    return Account(f"clearing/{window}/{owner}:{counterparty}", currency)


@lru_cache(maxsize=CACHED_ACCOUNTS)
def mirrored(window: int, debtor: str, creditor: str, currency: str) -> tuple[Account, Account]:
    """Both sides of what one participant owes another in a window: the account of each.

    Raises ValueError where both are the same.
    """
    return (
        clearing(window, debtor, creditor, currency),
        clearing(window, creditor, debtor, currency),
    )


@lru_cache(maxsize=CACHED_ACCOUNTS)
def settlement(participant: str, currency: str) -> Account:
    """A participant's part of settlements whose payments are not confirmed yet."""
    return Account(f"settlement/{participant}", currency)


def clearing_prefix(window: int) -> str:
    """What the codes of a window's clearing accounts begin with."""
    return f"clearing/{window}/"


def clearing_pair(code: str) -> tuple[str, str]:
    """Owner and counterparty of a clearing account's code."""
    owner, _, counterparty = code.rsplit("/", 1)[1].partition(":")
    return owner, counterparty


def owner(code: str) -> str | None:
    """Whose account between participants a code names; None where it is another's."""
    kind, _, rest = code.partition("/")
    if kind == "clearing":
        return clearing_pair(code)[0]
    return rest if kind == "settlement" else None
