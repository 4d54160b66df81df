"""The folder of a result: a manifest that says what it is, the resolved scenario, and Parquet tables."""

from collections.abc import Mapping
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcsim.analysis.result import EXPECTED
from dcsim.errors import ResultError
from dcsim.scenario.files import UnreadableFileError, read_text
from dcsim.scenario.load import load
from dcsim.scenario.schema import Scenario
from dcsim.study.manifest import MANIFEST, SCENARIO, as_text, checked, found_manifest, manifest_of
from dcsim.study.result import Result
from dcsim.study.tables import as_bytes, files_of, read_kept, read_tables, sha256
from dcsim.writing import make_folder, refuse_odd, write_file

if TYPE_CHECKING:
    import pandas as pd

_IDENTITY = {
    "kind": "question",
    "dcsim": "version of dcsim",
    "layout": "layout of the folder",
    "sha256": "scenario",
    "seed": "seed",
    "replications": "replications",
    "sampling": "sampling",
    "until_precise": "precision",
    "explained": "milestones explained",
    "promise": "promise",
    "milestone": "milestone",
    "told": "replication told",
    "supply": "supply",
    "against": "reference of the comparison",
    "plan": "plan",
    "party": "party",
    "outcome": "outcome",
    "joint": "date and budget",
    "hourly_value": "value of an hour",
    "scenarios": "scenarios compared",
    "fingerprints": "scenarios behind their names",
    "over": "paths swept",
    "values": "values swept",
    "samples": "samples",
    "milestones": "milestones",
    "date": "date",
    "confidence": "confidence",
    "orders": "orders",
    "points": "points",
    "budget": "budget",
    "measures": "options and mitigations",
    "rules": "rules",
    "cases": "tables of sites",
    "as_of": "date of the forecasts",
    "under_way": "forecasts under way",
}
"""What tells one result from another, by key of the manifest."""


def keep(findings: Result, folder: str | Path) -> Path:
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


def read(folder: str | Path) -> Result:
    """A result that was written into a folder, whichever question it answers.

    Raises
    ------
    ResultError
        The folder holds no result, one that is not finished, one of another layout, or files that cannot be read.
    """
    folder = Path(folder)
    if not isdir(folder):
        raise ResultError(f"there is no folder '{folder}': give a folder written with --out")
    written = found_manifest(folder)
    if written is None:
        raise ResultError(f"'{folder}' holds no result: there is no {MANIFEST}; give a folder written with --out")
    manifest = checked(written, folder)
    scenario = _read_scenario(folder, manifest["sha256"])
    tables = read_tables(folder, manifest["kind"], manifest["rows"], manifest.get("checksums") or {})
    return Result(manifest["kind"], scenario, manifest, tables)


def finished(folder: Path, manifest: dict[str, Any], scenario: str) -> Result | None:
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


def _read_scenario(folder: Path, fingerprint: str) -> Scenario:
    if sha256(read_kept(folder, SCENARIO)) != fingerprint:
        raise ResultError(f"'{folder / SCENARIO}' was changed after the result was written: run the command again")
    return load(folder / SCENARIO, root=folder)


def claim_folder(folder: Path, manifest: dict[str, Any], scenario: str) -> None:
    """Make a folder ready for a result and say in it whose it is.

    Raises
    ------
    ResultError
        The folder holds another result or other files of these names, or it cannot be written.
    """
    clear_way(folder, manifest, scenario)
    write_file(folder / SCENARIO, scenario)
    if not (folder / MANIFEST).exists():
        write_file(folder / MANIFEST, as_text(manifest))


def clear_way(folder: Path, manifest: dict[str, Any], scenario: str) -> None:
    """Make a folder for a result if it is not there, and refuse one that is another's; nothing is written into it."""
    make_folder(folder)
    for name in (MANIFEST, SCENARIO, *files_of(manifest["kind"])):
        refuse_odd(folder / name)
    _refuse_other(folder, manifest, scenario)


def _save_tables(folder: Path, manifest: dict[str, Any], tables: Mapping[str, "pd.DataFrame"]) -> Path:
    """Write the tables of a result into its folder, and last the manifest, which then says how they are known again."""
    checksums = {}
    for name, table in tables.items():
        data = as_bytes(table)
        checksums[name] = sha256(data)
        write_file(folder / f"{name}.parquet", data)
    rows = {name: len(table) for name, table in tables.items()}
    write_file(folder / MANIFEST, as_text(manifest | {"rows": rows, "checksums": checksums}))
    return folder


def _refuse_other(folder: Path, manifest: dict[str, Any], scenario: str) -> None:
    """Whatever stands in the folder is this result, or has nothing to do with results."""
    before = found_manifest(folder)
    if before is not None:
        differing = [what for key, what in _IDENTITY.items() if before.get(key) != manifest.get(key)]
        if differing:
            raise ResultError(
                f"'{folder}' holds another result: {_described(before)}; the new result differs in its "
                f"{', '.join(differing)}: choose another folder, or replace the result with --overwrite"
            )
        return
    try:
        foreign = (folder / SCENARIO).exists() and read_text(folder / SCENARIO, SCENARIO) != scenario
    except UnreadableFileError:
        foreign = True
    if foreign:
        raise ResultError(f"'{folder}' holds a {SCENARIO} that is not this result's: choose another folder")
    for name in files_of(manifest["kind"]):
        if not (folder / SCENARIO).exists() and (folder / name).exists():
            raise ResultError(f"'{folder}' holds a {name} that is not this result's: choose another folder")


def _described(manifest: dict[str, Any]) -> str:
    laid = manifest.get("variants")
    variants = ", ".join(map(str, laid)) if isinstance(laid, list) else ""
    seed = manifest.get("seed")
    parts = [
        f"'{manifest.get('name')}'" + (f" with {variants}" if variants else ""),
        "expected values" if seed == EXPECTED else f"seed {seed}",
        f"scenario {str(manifest.get('sha256'))[:12]}",
    ]
    return ", ".join(parts)
