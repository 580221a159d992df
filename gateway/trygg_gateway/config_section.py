"""What every table of the settings is made of."""

from pydantic import BaseModel, ConfigDict

NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"


class Section(BaseModel):
    """One table of the file: strict types, no unknown keys, not changed after loading."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=True)
