"""What all parts of the scenario format are made of."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from dcsim.scenario.values import describe

LONGEST_LABEL = 80
"""Characters of a label."""


def listed(raw: Any) -> Any:
    """A single entry may be written without its list."""
    return raw if raw is None or isinstance(raw, list | tuple) else [raw]


def text_of(raw: Any) -> str:
    """Words, also where they look like a number (`as_of: 2024`)."""
    if isinstance(raw, dict | list) or raw is None:
        raise ValueError(f"expected text, got {describe(raw)}")
    return describe(raw) if isinstance(raw, bool) else str(raw)


def read_label(raw: Any) -> str:
    """A label: some words in one line."""
    label = text_of(raw).strip()
    if bad := [character for character in label if not character.isprintable()]:
        raise ValueError(f"a label must be one line of text; this one contains a {bad[0]!r}")
    if len(label) > LONGEST_LABEL:
        raise ValueError(f"a label may have at most {LONGEST_LABEL} characters; this one has {len(label)}")
    return label


Text = Annotated[str, BeforeValidator(text_of)]
Label = Annotated[str, BeforeValidator(read_label)]
Names = Annotated[tuple[Text, ...], BeforeValidator(listed)]


class Model(BaseModel):
    """A part of a scenario: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)
