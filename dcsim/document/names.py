"""Names as people read them: things that have a label are written as it, and are still found by their name."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Name(str):
    """The name of something that has a label: it compares, sorts and looks up as the name, and is formatted as the
    label, so that `f"{name} is reached"` reads well and `milestones[name]` works."""

    label: str

    def __new__(cls, name: str, label: str) -> "Name":
        """A name with its label."""
        made = super().__new__(cls, name)
        made.label = label
        return made

    def __format__(self, spec: str) -> str:
        return format(self.label, spec)


def labelled(value: Any, labels: Mapping[str, str]) -> Any:
    """A value in which every name that has a label knows it: one name, or lists and mappings of them."""
    if isinstance(value, str):
        label = ", ".join(_label(part, labels) for part in value.split(", "))
        return value if label == value else Name(value, label)
    if isinstance(value, Mapping):
        return {labelled(key, labels): labelled(item, labels) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [labelled(item, labels) for item in value]
    return value


def _label(name: str, labels: Mapping[str, str]) -> str:
    """The label of a name, also inside `risk:NAME`, `SUPPLY.ORDER`, `NAME mitigated` and `NAME | OTHER`."""
    if name in labels:
        return labels[name]
    if "=" in name:
        return name
    for mark in (" | ", ":"):
        if mark in name:
            return mark.join(labels.get(part, part) for part in name.split(mark))
    first, dot, second = name.partition(".")
    if dot and first in labels:
        return f"{labels[first]} ({second})"
    risk = name.removesuffix(" mitigated")
    return f"{labels[risk]} mitigated" if risk in labels else name


def in_words(part: T) -> T:
    """A report, a chart or any part of them with labels in the place of the names that have some."""
    if isinstance(part, Name):
        return cast(T, part.label)
    if isinstance(part, list | tuple):
        return cast(T, type(part)(map(in_words, part)))
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{field.name: in_words(getattr(part, field.name)) for field in fields(part)})
    return part
