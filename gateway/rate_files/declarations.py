"""What published conversions leave open, as a TOML document: worths, prices, and who pays."""

from typing import Annotated

from pydantic import Field

from gateway.rate_files.documents import Part
from gateway.rate_files.forms import Rate
from partners.programmes.forms import Money, Slug


class DeclaredProgramme(Part):
    """What is declared of a programme, by the name that the conversions have for it."""

    programme: Slug | None = None
    """Its id in the coalition; by default the name in lower case, with hyphens."""
    worth: Rate | None = None
    """Shared units that its issuer owes for a point that goes in. Required where points go."""
    settlement_price: Rate | None = None
    """Shared units that its issuer is owed for a point that comes out; by default whatever the
    source's worth pays for, row by row."""
    bonus_funder: Slug | None = None
    """Participant that pays for bonuses on its points going in."""
    decimals: Annotated[int, Field(ge=0, le=6)] | None = None
    """Of its points; by default as the gateway has them, and without a gateway 0."""


class Declaration(Part):
    """What is declared beside the rows of published conversions."""

    shared_decimals: Annotated[int, Field(ge=0, le=6)] | None = None
    """Of the shared currency; by default as the coalition has them, and without one 2."""
    bonus_funder: Slug | None = None
    """Participant that pays for bonuses where the programme names none."""
    shortfall_funder: Slug | None = None
    """Participant that bears what a worth does not pay for."""
    money: Annotated[dict[Money, Rate], Field(strict=False, default_factory=dict)]
    """Value of a unit of the shared currency, by the code of the money."""
    programmes: Annotated[dict[str, DeclaredProgramme], Field(strict=False, default_factory=dict)]
    """By the names that the conversions have."""

    def of(self, name: str) -> DeclaredProgramme:
        """What is declared of a programme."""
        return self.programmes.get(name, _NOTHING)

    def id_of(self, name: str) -> str:
        """A programme's id in the coalition: AMEX_MR is amex-mr unless it is declared."""
        return self.of(name).programme or name.lower().replace("_", "-")

    def funder_of(self, name: str) -> str | None:
        """Who pays for a bonus on a programme's points."""
        return self.of(name).bonus_funder or self.bonus_funder


_NOTHING = DeclaredProgramme()
