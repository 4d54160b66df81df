"""What all parts of the scenario format are made of."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from dcsim.scenario.values import describe


def listed(raw: Any) -> Any:
    """A single entry may be written without its list."""
    return raw if raw is None or isinstance(raw, list | tuple) else [raw]


def text_of(raw: Any) -> str:
    """Words, also where they look like a number (`as_of: 2024`)."""
    if isinstance(raw, dict | list) or raw is None:
        raise ValueError(f"expected words, got {describe(raw)}")
    return describe(raw) if isinstance(raw, bool) else str(raw)


Text = Annotated[str, BeforeValidator(text_of)]
Names = Annotated[tuple[Text, ...], BeforeValidator(listed)]


class Model(BaseModel):
    """A part of a scenario: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)
