"""What a result says of itself in its folder: the manifest. It may come from anyone, and is checked field by field."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from dcsim.errors import ResultError
from dcsim.scenario.files import Root, UnreadableFileError
from dcsim.scenario.schema import Scenario
from dcsim.study.tables import refused
from dcsim.version import __version__

MANIFEST, SCENARIO = "manifest.json", "scenario.yaml"

LAYOUT = 3
"""The version of the folder's layout, of its checksums and of the columns of its tables."""

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1)]
_Moment = Annotated[datetime, Field(strict=False)]


class _Seen(BaseModel):
    """How builds were chosen that agree with what was seen."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")
    until: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
    sightings: _Count
    drawn: _Count
    agree: _Count
    widened: _Number


class _Manifest(BaseModel):
    """What every manifest says; `rows` and `checksums` come when the result is complete."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    dcsim: str
    layout: int
    name: str
    sha256: _Sha256
    variants: list[str]
    overrides: dict[str, Any]
    options: list[str]
    mitigated: list[str]
    labels: dict[str, str] = {}
    start: _Moment
    day_zero: _Moment
    seed: _Count | Literal["expected"]
    seen: _Seen | None = None
    rows: dict[str, _Count] | None = None
    checksums: dict[str, _Sha256] | None = None
    checksum: _Sha256 | None = None


class _Run(_Manifest):
    kind: Literal["run"]
    engine: str
    replications: Annotated[list[_Count], Field(min_length=1, max_length=1)]
    finished: bool
    horizon: _Moment


class _Wishes(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")
    wishes: list[str]
    at_least: _Count


class _Replications(_Manifest):
    kind: Literal["replications"]
    sampling: str
    replications: _Count
    until_precise: _Wishes | None
    explained: list[str] = []
    simulated: _Count = 0


class _Explanation(_Manifest):
    kind: Literal["explanation"]
    milestone: str
    sampling: str
    replications: _Count
    told: _Count | None
    p50: float
    p80: float
    mean_day: float | None
    reached: _Share
    expected_day: float | None


class _Lost(_Manifest):
    kind: Literal["delay_cost"]
    supply: str
    unit: str
    replications: _Count
    against: str
    unit_days: _Number
    price: _Number | None
    currency: str | None


class _Finance(_Manifest):
    kind: Literal["finance"]
    party: str
    parties: list[str]
    replications: _Count
    currency: str
    price_year: str
    until: str
    day_count: str
    discount_rate: _Number
    valued: str
    never_ready: list[str]


class _Comparison(_Manifest):
    kind: Literal["comparison"]
    base: str
    scenarios: list[str]
    fingerprints: dict[str, _Sha256]
    milestones: list[str]
    sampling: str
    replications: _Count


class _Sweep(_Manifest):
    kind: Literal["sweep"]
    over: Annotated[list[str], Field(min_length=1)]
    values: list[list[Any]]
    samples: _Count | None
    milestones: list[str]
    replications: _Count


class _Drivers(_Manifest):
    kind: Literal["drivers"]
    milestone: str
    points: _Count | None = None


class _Assumptions(_Manifest):
    kind: Literal["assumptions"]
    milestones: dict[str, float]


class _Orders(_Manifest):
    kind: Literal["orders"]
    milestone: str
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d")]
    confidence: _Share
    replications: _Count


class _Mitigations(_Manifest):
    kind: Literal["mitigations"]
    milestone: str
    budget: _Number | None
    currency: str | None
    best: list[str]
    replications: _Count


class _Sites(_Manifest):
    subject: list[str]
    as_of: str
    rules: _Sha256
    cases: dict[str, _Sha256]
    fingerprints: dict[str, _Sha256]
    without_start: list[str]
    before_as_of: _Count
    beyond_plan: _Count
    replications: _Count


class _Backtest(_Sites):
    kind: Literal["backtest"]


class _Calibration(_Sites):
    kind: Literal["calibration"]
    calibrated: list[str]
    effective: _Number
    to: str


_ANY: TypeAdapter[_Manifest] = TypeAdapter(
    Annotated[
        _Run
        | _Replications
        | _Explanation
        | _Lost
        | _Finance
        | _Comparison
        | _Sweep
        | _Drivers
        | _Assumptions
        | _Orders
        | _Mitigations
        | _Backtest
        | _Calibration,
        Field(discriminator="kind"),
    ]
)


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
            f"'{folder}' was written by dcsim {manifest.get('dcsim')} in another layout: make it anew with this version"
        )
    try:
        _ANY.validate_python(manifest)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field, told = ".".join(str(part) for part in first["loc"][1:]), first["msg"][:1].lower() + first["msg"][1:]
        raise ResultError(f"'{folder / MANIFEST}': {field or 'kind'}: {told}: make the result anew") from None
    if manifest.get("rows") is None:
        raise ResultError(f"'{folder}' is not finished: run the same command again, or continue it with --resume")
    table = refused(manifest["kind"], manifest["rows"], manifest.get("checksums") or {})
    if table:
        told = f"rows and checksums: table '{table}' is missing, or is none of this kind"
        raise ResultError(f"'{folder / MANIFEST}': {told}: make the result anew")
    if manifest.get("checksum") != _checksum(manifest):
        raise ResultError(f"'{folder / MANIFEST}' was changed after the result was written: make it anew")
    return manifest
