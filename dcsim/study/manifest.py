"""What a result says of itself in its folder: the manifest. It may come from anyone, and is checked field by field."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from dcsim import QUESTIONS
from dcsim.errors import ResultError
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.schema import Scenario
from dcsim.study.result import question_of
from dcsim.study.tables import refused
from dcsim.version import __version__

MANIFEST, SCENARIO = "manifest.json", "scenario.yaml"

LAYOUT = 4
"""The version of the folder's layout, of its checksums and of the columns of its tables."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=2**53)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Moment = Annotated[datetime, Field(strict=False)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d")]
Fields = dict[str, Any]
"""What the manifest of one kind of result says beside what every manifest does: types by key; with a default, if any,
as a pair."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="allow")


class _Seen(_Part):
    """How builds were chosen that agree with what was seen."""

    until: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    sightings: Count
    drawn: Count
    agree: Count
    widened: Number


class Wishes(_Part):
    """How well something was to be known."""

    wishes: list[str]
    at_least: Count


class _Manifest(_Part):
    """What every manifest says; `rows` and `checksums` come when the result is complete."""

    kind: str
    dcsim: str
    layout: int
    name: str
    sha256: Sha256
    variants: list[str]
    overrides: dict[str, Any]
    options: list[str]
    mitigated: list[str]
    site: str | None = None
    labels: dict[str, str] = {}
    start: Moment
    day_zero: Moment
    seed: Count | Literal["expected"]
    seen: _Seen | None = None
    rows: dict[str, Count] | None = None
    checksums: dict[str, Sha256] | None = None
    checksum: Sha256 | None = None


def _validate(manifest: Mapping[str, Any]) -> None:
    """Every field is as the question of the manifest says; raises ValidationError."""
    fields = question_of(manifest["kind"]).ABOUT.items()
    types: dict[str, Any] = {name: kind if isinstance(kind, tuple) else (kind, ...) for name, kind in fields}
    create_model("Manifest", __base__=_Manifest, **types).model_validate(manifest)


def manifest_of(kind: str, scenario: Scenario, about: Mapping[str, Any]) -> dict[str, Any]:
    """What a result is: enough to tell it from another, and to make it again; as JSON reads it."""
    document, labels = scenario.document, scenario.labels
    left_out = {name: labels[name] for name in (*scenario.variants, *scenario.options) if name in labels}
    manifest = {
        "kind": kind,
        "dcsim": __version__,
        "layout": LAYOUT,
        "name": scenario.name,
        "sha256": document.sha256,
        "variants": list(document.variants),
        "overrides": dict(document.overrides),
        "options": list(document.options),
        "mitigated": list(document.mitigated),
        **({"site": document.site} if document.site else {}),
        **({"labels": left_out} if left_out else {}),
        "start": scenario.start.isoformat(),
        "day_zero": scenario.zero.isoformat(),
        **about,
    }
    return dict(json.loads(json.dumps(manifest, default=_in_json)))


def _in_json(value: Any) -> Any:
    """A date as ISO writes it, a number of NumPy as a plain one, all else as it would be written."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else str(value)


def as_text(manifest: Mapping[str, Any]) -> str:
    """A manifest as its file holds it, with a checksum of itself."""
    return json.dumps({**manifest, "checksum": _checksum(manifest)}, indent=2, ensure_ascii=False) + "\n"


def _checksum(manifest: Mapping[str, Any]) -> str:
    plain = {key: value for key, value in manifest.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def found_manifest(folder: Path) -> dict[str, Any] | None:
    """What stands in a folder's manifest, of whatever version; none where there is no such file."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = json.loads(Root(folder, "result").read(path, str(path)))
    except UnreadableFileError as error:
        raise ResultError(f"{error}: choose another folder, or delete this one") from None
    except (ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict) or not {"kind", "dcsim", "sha256"} <= manifest.keys():
        raise ResultError(f"'{path}' is not a manifest of dcsim; choose another folder, or delete this one")
    return manifest


def checked(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The manifest of a complete result, if this version can use every field of it and none was changed.

    Raises
    ------
    ResultError
        Names the folder, the file and the field.
    """
    if manifest.get("layout") != LAYOUT:
        raise ResultError(
            f"'{folder}' was written by dcsim {manifest.get('dcsim')} in another layout: "
            "run the command again with this version"
        )
    if str(manifest["kind"]) not in QUESTIONS:
        raise ResultError(f"'{folder / MANIFEST}': kind: no question has such a result: run the command again")
    try:
        _validate(manifest)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field, message = ".".join(str(part) for part in first["loc"]), first["msg"][:1].lower() + first["msg"][1:]
        raise ResultError(f"'{folder / MANIFEST}': {field}: {message}: run the command again") from None
    if manifest.get("rows") is None:
        raise ResultError(f"'{folder}' is not finished: run the same command again, or continue it with --resume")
    table = refused(manifest["kind"], manifest["rows"], manifest.get("checksums") or {})
    if table:
        message = f"rows and checksums: table '{table}' is missing or of another kind"
        raise ResultError(f"'{folder / MANIFEST}': {message}: run the command again")
    if manifest.get("checksum") != _checksum(manifest):
        raise ResultError(f"'{folder / MANIFEST}' was changed after the result was written: run the command again")
    return manifest
