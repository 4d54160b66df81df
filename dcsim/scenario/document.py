"""The text behind a scenario: its resolved values, and for every path the file and line that wrote it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml

from dcsim.budget import LIMIT
from dcsim.errors import Problem
from dcsim.suggest import shorten

Key = tuple[str | int, ...]
"""A path inside a scenario: `("activities", "energize", "duration")`."""

VALUED = ("parameters", "factors")
"""Sections whose entries are a `value` with more to say about it: its path leaves that key out."""

_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Citation:
    """Where a value comes from: a key of `sources`, or the reason for which it was assumed; and its range."""

    value: Any
    """The value as written."""
    source: str | None = None
    """Key of the source."""
    assumption: str | None = None
    """Why this number, where no source gives one."""
    note: str = ""
    """What to know about it."""
    low: Any = None
    """A low value that is still believable, as written; none if none was given."""
    high: Any = None
    """A high value that is still believable."""


@dataclass(frozen=True)
class Laid:
    """Layers applied together after the variants of a scenario, in this order."""

    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Single values, by path."""
    options: tuple[str, ...] = ()
    """Options that were taken."""
    mitigated: tuple[str, ...] = ()
    """Risks whose mitigation was switched on."""
    site: str | None = None
    """The site of a portfolio that is left alone; all if not given."""


@dataclass(frozen=True)
class Document:
    """A scenario as plain values after all layers were applied, and where each was written."""

    name: str = "scenario"
    """The file as the user named it."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The resolved scenario without its variants and options; sources still stand around the values."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The same values alone, without what was said about their sources, with the variants and options."""
    positions: Mapping[Key, tuple[str, int]] = field(default_factory=dict)
    """File and line of every path that a file wrote."""
    citations: Mapping[Key, Citation] = field(default_factory=dict)
    """Every value that was written with a source or as an assumption."""
    formulas: Mapping[Key, str] = field(default_factory=dict)
    """Every value that is computed, with its formula."""
    root: Path | None = None
    """The folder outside which nothing was read."""
    variants: tuple[str, ...] = ()
    """The variants that were applied to the file, in order."""
    limit: float = LIMIT
    """GiB that the scenario may take."""
    variants_of_sites: tuple[str, ...] = ()
    """The variants that the sites of a portfolio have, which can be applied to it: `memphis.fast`."""
    laid: tuple[Laid, ...] = ()
    """The layers applied after them, in order."""

    @property
    def overrides(self) -> Mapping[str, Any]:
        """The single values applied after the variants, by path; the last of each."""
        return {path: value for layer in self.laid for path, value in layer.overrides.items()}

    @property
    def options(self) -> tuple[str, ...]:
        """The options that were taken."""
        return tuple(name for layer in self.laid for name in layer.options)

    @property
    def mitigated(self) -> tuple[str, ...]:
        """The risks whose mitigation was switched on."""
        return tuple(name for layer in self.laid for name in layer.mitigated)

    @property
    def site(self) -> str | None:
        """The site of the portfolio that is left alone."""
        return next((layer.site for layer in self.laid if layer.site is not None), None)

    def problem(self, path: Key, message: str) -> Problem:
        """A problem at this path, with the line that wrote it or, failing that, what is around it."""
        message = shorten(message, _LONGEST_MESSAGE) + self._formula(path)
        for length in range(len(path), 0, -1):
            if path[:length] in self.positions:
                file, line = self.positions[path[:length]]
                return Problem(dotted(path), message, file, line)
        return Problem(dotted(path), message, self.name)

    def _formula(self, path: Key) -> str:
        """By what a value is computed, as the end of a message."""
        around = (path[:length] for length in range(len(path), 0, -1))
        formula = next((self.formulas[key] for key in around if key in self.formulas), "")
        return f" (computed by `{shorten(formula)}`)" if formula else ""

    def find(self, path: str) -> tuple[bool, Any]:
        """Whether something stands at a dotted path, and what; keys may have dots of their own."""
        parts = path.split(".")
        valued = self.values.get(parts[0], {}).get(".".join(parts[1:])) if parts[0] in VALUED else None
        return _descend(self.values, [*parts, "value"] if isinstance(valued, dict) and "value" in valued else parts)

    @property
    def text(self) -> str:
        """The resolved scenario as YAML; loading it gives the same scenario."""
        sections = {str(key): _plain(value) for key, value in self.data.items()}
        return "".join(_section(key, value) for key, value in sections.items()) or "{}\n"

    @property
    def sha256(self) -> str:
        """Fingerprint of the resolved scenario."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def dotted(path: Key) -> str:
    """A path as people write it: `activities.energize.after.0`."""
    if len(path) > 2 and path[0] in VALUED and path[2] == "value":
        path = (*path[:2], *path[3:])
    return ".".join(str(part) for part in path)


def _descend(value: Any, parts: list[str]) -> tuple[bool, Any]:
    if not parts:
        return True, value
    if isinstance(value, list) and parts[0].isdecimal() and int(parts[0]) < len(value):
        return _descend(value[int(parts[0])], parts[1:])
    if isinstance(value, dict):
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in value:
                return _descend(value[key], parts[length:])
    return False, None


@dataclass(frozen=True)
class _As:
    """A section of a scenario, or a part of one, told from others by what it says."""

    key: str
    value: Any = field(compare=False)
    text: str
    """What it says, of each value with its type."""


def _section(key: str, value: Any) -> str:
    """A section as YAML: its entries, each under the line that names the section, which stands once."""
    if not isinstance(value, dict) or not value:
        return _written(_As(key, value, repr(value)))
    parts = [_written(_As(key, {name: item}, repr((name, item)))).partition("\n") for name, item in value.items()]
    return f"{parts[0][0]}\n" + "".join(entry for _, _, entry in parts)


@lru_cache(maxsize=4096)
def _written(part: _As) -> str:
    """A part of a scenario as YAML. Variants have most of them in common."""
    written = {part.key: part.value}
    return str(yaml.dump(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))


class _Dumper(yaml.SafeDumper):
    """Writes YAML 1.2, as it is read here: only what would be taken for a number or null is put in quotes."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, _pattern in (
    ("null", r"~|null|Null|NULL|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9][0-9_]*"),
    (
        "float",
        r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    ),
):
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), None)
_Dumper.add_representer(
    Decimal, lambda dumper, number: dumper.represent_scalar("tag:yaml.org,2002:float", _decimal(number))
)


def _decimal(number: Decimal) -> str:
    """A decimal written out in full, with the point that tells it from a whole number."""
    written = format(number, "f")
    return written if "." in written else f"{written}.0"


def _plain(value: Any) -> Any:
    """The same value in what YAML knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Fraction) else value
