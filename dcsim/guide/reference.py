"""The reference of the scenario format, made from the docstrings of its schema."""

from collections.abc import Iterator
from inspect import getdoc

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dcsim.scenario.outline import fields, model_at
from dcsim.scenario.schema import Scenario

Part = type[BaseModel]
ENTRY = "NAME"
"""Stands for whatever an entry of a section is called."""


def _sections() -> Iterator[tuple[str, tuple[str, Part]]]:
    yield "scenario", ("all keys of a file", Scenario)
    for name, field in fields(Scenario).items():
        if (part := model_at((name, ENTRY)) or model_at((name,))) is not None and part is not Scenario:
            yield name, (_sentence(field.description or ""), part)


def _sentence(description: str) -> str:
    """A description in one line, as it stands in a list."""
    words = " ".join(description.split()).removesuffix(".")
    return words[:1].lower() + words[1:]


def section(name: str) -> str:
    """A section of the format as Markdown: its parts, and the keys of each."""
    _, first = SECTIONS[name]
    path = () if first is Scenario else (name,) if model_at((name,)) is first else (name, ENTRY)
    parts = {first: name} if first is Scenario else _parts(path, first, {})
    lines = [f"# {name}", ""]
    keys_shown: set[str] = set()
    for number, (part, where) in enumerate(parts.items()):
        keys = {key: _key(key, field) for key, field in fields(part).items()}
        again = [f"`{key}`" for key, line in keys.items() if line in keys_shown and key != "description"]
        lines += [f"## {where}", ""] if number else []
        lines += [getdoc(part) or "", "", *(line for line in keys.values() if line not in keys_shown)]
        lines += [f"* as above: {', '.join(again)}", ""] if again else [""]
        keys_shown |= {*keys.values()}
    return "\n".join(lines)


def _parts(path: tuple[str, ...], part: Part, names: dict[Part, str]) -> dict[Part, str]:
    """This part and all inside it, each once, with the path at which it stands first."""
    names[part] = ".".join(path)
    for key in fields(part):
        for inner in ((*path, key), (*path, key, ENTRY)):
            within = model_at(inner)
            if within is not None and within not in names:
                _parts(inner, within, names)
    return names


def _key(name: str, field: FieldInfo) -> str:
    needed = " (required)" if field.is_required() else ""
    return f"* `{name}`{needed}: {' '.join((field.description or '').split())}"


SECTIONS = dict(_sections())
"""Every section of the format: what it is about, and the part that an entry of it is."""
