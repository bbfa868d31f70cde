"""Who participants are to a bank: a TOML file that whoever pays or reports keeps.

    [hotel-h]
    name = "Hôtel de l'Étoile S.A."
    country = "FR"
    iban = "FR1420041010050500013M02606"
    bic = "BNPAFRPP"

A participant has an `iban`, or an `account` of another kind; `bic` and `country` may be left out.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from gateway.documents.problems import NoDocument

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}")
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_MOST_SAID = 5


class Account(BaseModel):
    """An account to pay from or to, and whose it is. Lengths are those of ISO 20022."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(max_length=140, pattern=_PRINTABLE)]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    iban: str | None = None
    account: Annotated[str, Field(max_length=34, pattern=_PRINTABLE)] | None = None
    bic: Annotated[str, Field(pattern=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")] | None = (
        None
    )

    @model_validator(mode="after")
    def _is_one_account(self) -> "Account":
        if (self.iban is None) is (self.account is None):
            message = "one of iban and account is needed"
            raise ValueError(message)
        if self.iban is not None and not is_iban(self.iban):
            message = f"{self.iban} is no IBAN: write it without spaces, and check its digits"
            raise ValueError(message)
        return self

    @property
    def number(self) -> str:
        """The IBAN, or the other kind of number."""
        return self.iban or self.account or ""


_FORM = TypeAdapter(dict[str, Account])


def is_iban(value: str) -> bool:
    """Whether the check digits are right (ISO 13616, by ISO 7064 mod 97-10)."""
    if _IBAN.fullmatch(value) is None:
        return False
    return int("".join(str(int(letter, 36)) for letter in value[4:] + value[:4])) % 97 == 1


def read_accounts(path: Path) -> Mapping[str, Account]:
    """The accounts in a file, by participant. Raises NoDocument for a bad file, and OSError."""
    try:
        return _FORM.validate_python(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as problem:
        said = [f"[{'.'.join(map(str, e['loc']))}] {e['msg']}" for e in problem.errors()]
        message = f"{path}: {'; '.join(said[:_MOST_SAID])}"
        raise NoDocument(message) from None
    except (ValueError, RecursionError) as problem:  # no UTF-8, no TOML, too deep or too long
        message = f"{path} is no TOML: {problem}"
        raise NoDocument(message) from None


def account_of(accounts: Mapping[str, Account], participant: str) -> Account:
    """A participant's account. Raises NoDocument where there is none."""
    found = accounts.get(participant)
    if found is None:
        message = f"no account of {participant}: add [{participant}] to the file of --accounts"
        raise NoDocument(message)
    return found
