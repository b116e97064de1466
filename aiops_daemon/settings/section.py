"""What every section of the configuration is: frozen, closed, and checked down to its defaults."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table of the configuration file. Errors of pydantic never carry the value, which may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)
