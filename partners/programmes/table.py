"""What every table of a programme definition has in common."""

from pydantic import BaseModel, ConfigDict


class DefinitionTable(BaseModel):
    """A table of the definition: no unknown keys, nothing coerced, nothing changed later."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True
    )
