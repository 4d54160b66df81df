"""The folder of many replications while they run: chunks as they finish, so that nothing computed is lost."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from os.path import isdir
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
from filelock import FileLock, Timeout

from dcsim.engine import LOG
from dcsim.errors import RequestError, ResultError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.chunk import Chunk, Counter, chunk_of, frame_of
from dcsim.study.manifest import MANIFEST, SCENARIO, found_manifest, manifest_of
from dcsim.study.result import Result
from dcsim.study.store import claim_folder, clear_way, finished
from dcsim.study.tables import as_bytes, files_of, from_file, read_kept
from dcsim.writing import is_unfinished, make_folder, refuse_odd, write_file, writing

PARTS, LOCK = "parts", ".lock"
WHOLE = ".replications.part"
"""All chunks as one, once the result is complete."""

_PART = re.compile(r"(\d{8}-\d{8}|point-\d{5,}(-stuck)?)\.(part|parquet)")
"""The name of a part; `.parquet` where an older version wrote it."""
_SEAL = hashlib.sha256().digest_size

KEPT = "; the finished part is kept, --resume continues"


@dataclass(frozen=True)
class Keeping:
    """Where a result is kept while it is made: whether to continue one that was stopped there, or to replace it."""

    out: str | Path | None = None
    resume: bool = False
    overwrite: bool = False


class Campaign:
    """Replications in a folder: continued where they stopped, closed to a second run at the same time."""

    def __init__(self, folder: Path, manifest: dict[str, Any], scenario: str, resume: bool, overwrite: bool) -> None:
        if overwrite and resume:
            raise RequestError("a result is continued, or replaced: leave out one of resume and overwrite")
        self.folder = folder
        self.parts = folder / PARTS
        self.identity = json.dumps(manifest, sort_keys=True).encode()
        if overwrite:
            clear(folder)
        clear_way(folder, manifest, scenario)
        self.lock = _closed(folder)
        try:
            claim_folder(folder, manifest, scenario)
            make_folder(self.parts)
            holds = any(_PART.fullmatch(path.name) for path in self.parts.iterdir())
            if holds and not resume:
                raise ResultError(f"'{folder}' holds a stopped run: continue it with --resume, or delete the folder")
            if resume and not (holds or (folder / WHOLE).exists()):
                LOG.warning(f"'{folder}' holds nothing that can be continued: the run starts from the beginning")
        except BaseException:
            self.lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lock.release()

    def read(
        self, first: int, last: int, network: Network, explained: tuple[int, ...], what: tuple[Counter, ...]
    ) -> Chunk | None:
        """The chunk of these replications, if it was written before; what cannot be read has to be run again."""
        return _chunk(self.part(part_name(first, last)), first, network, explained, what)

    def complete(self, network: Network, explained: tuple[int, ...], what: tuple[Counter, ...]) -> Chunk | None:
        """All replications, if they were complete before."""
        return _chunk(self._table(WHOLE), 0, network, explained, what)

    def write(self, chunk: Chunk, part: bytes) -> None:
        """Keep a chunk, made into a part where it was run: it is there whole, or not at all."""
        self._write(f"{PARTS}/{part_name(chunk.first, chunk.first + len(chunk.left))}.part", part, KEPT)

    def part(self, name: str) -> pd.DataFrame | None:
        """A part that was kept before; none if it was not, or is not what was written here under this name."""
        return self._table(f"{PARTS}/{name}.part")

    def keep(self, name: str, part: pd.DataFrame) -> None:
        """Keep a part of the result: it is there whole, or not at all."""
        self._write(f"{PARTS}/{name}.part", as_bytes(part), KEPT)

    def keep_whole(self, kept: Chunk) -> None:
        """The result is complete: all replications are kept as one."""
        self._write(WHOLE, as_bytes(frame_of(kept)), "")

    def finish(self) -> None:
        """The result is complete: the chunks are no longer needed."""
        _delete_parts(self.folder)

    def _seal(self, name: str, data: bytes) -> bytes:
        """What only this part of this result begins with."""
        return hashlib.sha256(b"\0".join((self.identity, name.encode(), data))).digest()

    def _write(self, name: str, data: bytes, kept: str) -> None:
        write_file(self.folder / name, self._seal(name, data) + data, kept)

    def _table(self, name: str) -> pd.DataFrame | None:
        from pyarrow.parquet import ParquetFile

        try:
            seal, data = (content := read_kept(self.folder, name))[:_SEAL], content[_SEAL:]
            return from_file(ParquetFile(BytesIO(data))) if seal == self._seal(name, data) else None
        except (ResultError, OSError, ValueError):
            return None


def answered(
    kind: str,
    scenario: Scenario,
    asked: Mapping[str, Any],
    keeping: Keeping,
    answer: Callable[[Campaign | None], Result],
    prepare: Callable[[], None] = lambda: None,
) -> Result:
    """The answer to a question, kept in a folder if there is one: read if it is complete there, else continued.

    `asked` tells the question from others. `answer` finds in the campaign the parts that are done, and keeps new ones.
    `prepare` comes before it, unless the answer is complete: if it raises, the folder is as it was.
    """
    if keeping.out is None:
        prepare()
        return answer(None)
    folder, manifest, text = Path(keeping.out), manifest_of(kind, scenario, asked), scenario.document.text
    if keeping.resume and (known := finished(folder, manifest, text)) is not None:
        return known
    prepare()
    with Campaign(folder, manifest, text, keeping.resume, keeping.overwrite) as campaign:
        result = answer(campaign)
        result.save(folder)
        campaign.finish()
    return result


def clear(folder: Path) -> None:
    """Delete the result that a folder holds, and nothing else that is in it.

    Raises
    ------
    ResultError
        A manifest stands there that is none of dcsim's, another run is writing, or the disk refuses.
    """
    if not isdir(folder) or (manifest := found_manifest(folder)) is None:
        return
    make_folder(folder)
    lock = _closed(folder)
    try:
        _delete_parts(folder)
        with writing(f"into '{folder}'"):
            for name in (MANIFEST, SCENARIO, WHOLE, ".replications.parquet", *files_of(manifest["kind"])):
                refuse_odd(folder / name)
                (folder / name).unlink(missing_ok=True)
    finally:
        lock.release()


def _closed(folder: Path) -> FileLock:
    """A folder in which no other run writes until the lock is released."""
    path = folder / LOCK
    lock = FileLock(path)
    with writing(f"into '{folder}'"):
        refuse_odd(path)
        if path.exists() and (path.stat().st_size or path.stat().st_nlink > 1):
            raise ResultError(f"'{path}' is not a lock of dcsim: choose another folder")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            text = f"another run is writing into '{folder}': wait for it, or choose another folder"
            raise ResultError(text) from None
    return lock


def _delete_parts(folder: Path) -> None:
    """Delete what a run left on its way; what others put there stays, and what a link leads to."""
    parts = folder / PARTS
    with writing(f"into '{folder}'"):
        within = list(parts.iterdir()) if parts.is_dir() and not parts.is_symlink() else None
        for path in within or ():
            if _PART.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                path.unlink()
        for path in [*folder.iterdir(), *(within or ())]:
            if is_unfinished(path):
                path.unlink()
        if within is not None and not any(parts.iterdir()):
            parts.rmdir()


def part_name(first: int, last: int) -> str:
    """The name of a part by the numbers in it: from the first to before the last."""
    return f"{first:08d}-{last:08d}"


def _chunk(
    frame: pd.DataFrame | None, first: int, network: Network, explained: tuple[int, ...], what: tuple[Counter, ...]
) -> Chunk | None:
    try:
        return None if frame is None else chunk_of(frame, first, network, explained, what)
    except (ValueError, LookupError):
        return None
