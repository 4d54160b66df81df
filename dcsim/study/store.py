"""The folder of a result: a manifest that says what it is, the resolved scenario, and Parquet tables."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcsim.analysis.result import TABLES, Result
from dcsim.errors import ResultError
from dcsim.version import __version__

if TYPE_CHECKING:
    import pandas as pd

MANIFEST, SCENARIO = "manifest.json", "scenario.yaml"

LAYOUT = 1
"""The version of this folder's layout and of the columns of its tables."""

EXPECTED = "expected"
"""What stands for the seed of a build with expected values."""

_IDENTITY = {
    "dcsim": "version of dcsim",
    "sha256": "scenario",
    "seed": "seed",
    "replications": "replications",
    "sampling": "sampling",
    "until_precise": "precision",
    "explained": "milestones explained",
}
"""What tells one result from another, by key of the manifest."""


def save_run(run: Result, folder: Path) -> Path:
    """Write one build into a folder, which is made if it is not there; the same build gives the same bytes.

    Raises
    ------
    ResultError
        The folder holds another result or other files of these names, or it cannot be written.
    """
    manifest = manifest_of(run)
    claim_folder(folder, manifest, run.scenario.document.text)
    return save_tables(folder, manifest, {name: getattr(run, name) for name in TABLES})


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


def save_tables(folder: Path, manifest: dict[str, Any], tables: Mapping[str, "pd.DataFrame"]) -> Path:
    """Write the tables of a result into its folder, and the manifest last."""
    with writing(folder):
        for name, table in tables.items():
            put(folder / f"{name}.parquet", partial(table.to_parquet, index=False))
        put(folder / MANIFEST, lambda path: path.write_text(_written(manifest), encoding="utf-8"))
    return folder


def manifest_of(run: Result) -> dict[str, Any]:
    """What a result is: enough to tell it from another, and to run it again."""
    document = run.scenario.document
    return {
        "dcsim": __version__,
        "layout": LAYOUT,
        "name": run.scenario.name,
        "sha256": document.sha256,
        "variants": list(document.variants),
        "mitigated": list(document.mitigated),
        "engine": run.engine,
        "seed": EXPECTED if run.seed is None else run.seed,
        "replications": [run.replication],
        "finished": run.finished,
        "start": run.network.start.isoformat(),
        "day_zero": run.network.zero.isoformat(),
        "horizon": run.network.date(run.network.horizon).isoformat(),
        "rows": {name: len(getattr(run, name)) for name in TABLES},
    }


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a folder; none where it holds no result."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
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
                f"{' and '.join(others)}: choose another folder, or delete that one"
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
