"""The folder of a result: a manifest that says what it is, the resolved scenario, and Parquet tables."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcsim.analysis.findings import Findings
from dcsim.analysis.result import EXPECTED
from dcsim.errors import ResultError
from dcsim.scenario.load import load
from dcsim.scenario.schema import Scenario
from dcsim.version import __version__

if TYPE_CHECKING:
    import pandas as pd

MANIFEST, SCENARIO = "manifest.json", "scenario.yaml"

LAYOUT = 3
"""The version of this folder's layout and of the columns of its tables."""

_IDENTITY = {
    "kind": "question",
    "dcsim": "version of dcsim",
    "sha256": "scenario",
    "seed": "seed",
    "replications": "replications",
    "sampling": "sampling",
    "until_precise": "precision",
    "explained": "milestones explained",
    "milestone": "milestone",
    "told": "replication told",
    "supply": "supply",
    "against": "what it is compared with",
    "plan": "plan",
    "hourly_value": "value of an hour",
    "scenarios": "scenarios compared",
    "fingerprints": "scenarios behind their names",
    "over": "paths swept",
    "values": "values swept",
    "samples": "samples",
    "milestones": "milestones",
    "date": "date",
    "confidence": "confidence",
    "points": "points of probability",
    "budget": "budget",
    "measures": "options and mitigations",
}
"""What tells one result from another, by key of the manifest."""


def keep(findings: Findings, folder: str | Path) -> Path:
    """Write a result into a folder, which is made if it is not there; the same result gives the same bytes.

    Raises
    ------
    ResultError
        The folder holds another result or other files of these names, or it cannot be written.
    """
    folder = Path(folder)
    manifest = manifest_of(findings.kind, findings.scenario, findings.about)
    claim_folder(folder, manifest, findings.scenario.document.text)
    return _save_tables(folder, manifest, findings.tables)


def read(folder: str | Path) -> Findings:
    """A result that was written into a folder, whichever question it answers.

    Raises
    ------
    ResultError
        The folder holds no result, one that is not finished, one of another layout, or files that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ResultError(f"there is no folder '{folder}': give one that was written with --out")
    manifest = read_manifest(folder)
    if manifest is None:
        raise ResultError(f"'{folder}' holds no result: there is no {MANIFEST}; give a folder written with --out")
    if manifest.get("layout") != LAYOUT:
        raise ResultError(
            f"'{folder}' was written by dcsim {manifest.get('dcsim')} in another layout: make it anew with this version"
        )
    rows = manifest.get("rows")
    if not isinstance(rows, dict):
        raise ResultError(f"'{folder}' is not finished: run the same command again, or continue it with --resume")
    scenario = _read_scenario(folder, manifest)
    tables = {name: _read_table(folder / f"{name}.parquet", count) for name, count in rows.items()}
    return Findings(str(manifest.get("kind")), scenario, manifest, tables)


def finished(folder: Path, manifest: dict[str, Any], scenario: str) -> Findings | None:
    """The result that is asked for, if the folder holds all of it; none if it has to be made, or made anew.

    Raises
    ------
    ResultError
        The folder holds another result.
    """
    _refuse_other(folder, manifest, scenario)
    try:
        return read(folder)
    except ResultError:
        return None


def _read_scenario(folder: Path, manifest: Mapping[str, Any]) -> Scenario:
    path = folder / SCENARIO
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ResultError(f"cannot read '{path}': {reason(error)}; make the result anew") from None
    if found != manifest.get("sha256"):
        raise ResultError(f"'{path}' was changed after the result was written: make it anew")
    return load(path, root=folder)


def _read_table(path: Path, count: int) -> "pd.DataFrame":
    import pandas as pd

    try:
        table = pd.read_parquet(BytesIO(path.read_bytes()))
    except OSError as error:
        raise ResultError(f"cannot read '{path}': {reason(error)}; make the result anew") from None
    except ValueError:
        raise ResultError(
            f"cannot read '{path}': it is no Parquet file, or a broken one; make the result anew"
        ) from None
    if len(table) != count:
        raise ResultError(f"'{path}' has {len(table):,} rows, not {count:,} as it was written: make the result anew")
    return table


def manifest_of(kind: str, scenario: Scenario, about: Mapping[str, Any]) -> dict[str, Any]:
    """What a result is: enough to tell it from another, and to make it again; as JSON reads it."""
    document = scenario.document
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


def claim_folder(folder: Path, manifest: dict[str, Any], scenario: str) -> None:
    """Make a folder ready for a result and say in it whose it is.

    Raises
    ------
    ResultError
        The folder holds another result or other files of these names, or it cannot be written.
    """
    make_folder(folder, manifest, scenario)
    with writing(folder):
        put(folder / SCENARIO, lambda path: path.write_text(scenario, encoding="utf-8"))
        if not (folder / MANIFEST).exists():
            put(folder / MANIFEST, lambda path: path.write_text(_written(manifest), encoding="utf-8"))


def make_folder(folder: Path, manifest: dict[str, Any], scenario: str) -> None:
    """Make a folder for a result if it is not there, and refuse one that is another's; nothing is written into it."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_other(folder, manifest, scenario)


@contextmanager
def writing(folder: Path, kept: str = "") -> Iterator[None]:
    """Where the disk refuses, the user is told why, and what is kept."""
    try:
        yield
    except (FileExistsError, NotADirectoryError):
        raise ResultError(f"cannot write into '{folder}': a file stands where a folder is needed") from None
    except OSError as error:
        raise ResultError(f"cannot write into '{folder}': {reason(error)}{kept}") from None


def _save_tables(folder: Path, manifest: dict[str, Any], tables: Mapping[str, "pd.DataFrame"]) -> Path:
    """Write the tables of a result into its folder, and last the manifest, which then says how long they are."""
    manifest = manifest | {"rows": {name: len(table) for name, table in tables.items()}}
    with writing(folder):
        for name, table in tables.items():
            put(folder / f"{name}.parquet", partial(table.to_parquet, index=False))
        put(folder / MANIFEST, lambda path: path.write_text(_written(manifest), encoding="utf-8"))
    return folder


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder; none where it holds no result."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResultError(f"cannot read '{path}': {reason(error)}") from None
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict):
        raise ResultError(f"'{path}' is not a manifest of dcsim; choose another folder, or delete this one")
    return manifest


def _refuse_other(folder: Path, manifest: dict[str, Any], scenario: str) -> None:
    """Whatever stands in the folder is this result, or has nothing to do with results."""
    before = read_manifest(folder)
    if before is not None:
        others = [what for key, what in _IDENTITY.items() if before.get(key) != manifest.get(key)]
        if others:
            raise ResultError(
                f"'{folder}' holds another result: {_described(before)}; this one differs in its "
                f"{', '.join(others)}: choose another folder, or delete that one"
            )
    elif (folder / SCENARIO).exists() and (folder / SCENARIO).read_text(errors="replace") != scenario:
        raise ResultError(f"'{folder}' holds a {SCENARIO} that is not this result's: choose another folder")


def _described(manifest: dict[str, Any]) -> str:
    variants = ", ".join(map(str, manifest.get("variants") or ()))
    seed = manifest.get("seed")
    parts = [
        f"'{manifest.get('name')}'" + (f" with {variants}" if variants else ""),
        "expected values" if seed == EXPECTED else f"seed {seed}",
        f"scenario {str(manifest.get('sha256'))[:12]}",
    ]
    return ", ".join(parts)


def put(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name and put it in place once it is whole, and on the disk."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        write(unfinished)
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _written(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def reason(error: OSError) -> str:
    """Why the disk refused, in words."""
    return (error.strerror or str(error)).lower()
