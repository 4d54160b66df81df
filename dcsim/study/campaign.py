"""The folder of many replications while they run: chunks as they finish, so that nothing computed is lost."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
from filelock import FileLock, Timeout

from dcsim.errors import ResultError
from dcsim.network import Network
from dcsim.study.chunk import Chunk, Counter, chunk_of, frame_of
from dcsim.study.store import claim_folder, make_folder, put, writing

PARTS, LOCK = "parts", ".lock"
WHOLE = ".replications.parquet"
"""All chunks as one, once the result is complete."""

KEPT = "; what is there is kept, --resume continues"


class Campaign:
    """Replications in a folder: continued where they stopped, closed to a second run at the same time."""

    def __init__(self, folder: Path, manifest: dict[str, Any], scenario: str, resume: bool) -> None:
        self.folder = folder
        self.parts = folder / PARTS
        self.lock = FileLock(folder / LOCK)
        make_folder(folder, manifest, scenario)
        self._close_to_others()
        try:
            claim_folder(folder, manifest, scenario)
            if not resume and self.parts.exists() and any(self.parts.iterdir()):
                raise ResultError(
                    f"'{folder}' holds replications of a run that was stopped: continue it with --resume, or delete it"
                )
            with writing(folder):
                self.parts.mkdir(exist_ok=True)
        except BaseException:
            self.lock.release()
            raise

    def _close_to_others(self) -> None:
        with writing(self.folder):
            try:
                self.lock.acquire(timeout=0)
            except Timeout:
                raise ResultError(
                    f"another run is writing into '{self.folder}': wait for it, or choose another folder"
                ) from None

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
        return _chunk(self.part(_name(first, last)), first, network, explained, what)

    def whole(self, network: Network, explained: tuple[int, ...], what: tuple[Counter, ...]) -> Chunk | None:
        """All replications, if they were complete before."""
        return _chunk(_table(self.folder / WHOLE), 0, network, explained, what)

    def write(self, chunk: Chunk) -> None:
        """Keep a chunk: it is there whole, or not at all."""
        self.keep(_name(chunk.first, chunk.first + len(chunk.left)), frame_of(chunk))

    def part(self, name: str) -> pd.DataFrame | None:
        """A part that was kept before; none if it was not, or cannot be read."""
        return _table(self.parts / f"{name}.parquet")

    def keep(self, name: str, part: pd.DataFrame) -> None:
        """Keep a part of the result: it is there whole, or not at all."""
        with writing(self.folder, KEPT):
            put(self.parts / f"{name}.parquet", lambda unfinished: part.to_parquet(unfinished, index=False))

    def keep_whole(self, kept: Chunk) -> None:
        """The result is complete: all replications are kept as one."""
        with writing(self.folder):
            put(self.folder / WHOLE, lambda unfinished: frame_of(kept).to_parquet(unfinished, index=False))

    def finish(self) -> None:
        """The result is complete: the chunks are no longer needed."""
        with writing(self.folder):
            for path in self.parts.iterdir():
                path.unlink()
            self.parts.rmdir()


def _name(first: int, last: int) -> str:
    return f"{first:08d}-{last:08d}"


def _table(path: Path) -> pd.DataFrame | None:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError):
        return None


def _chunk(
    frame: pd.DataFrame | None, first: int, network: Network, explained: tuple[int, ...], what: tuple[Counter, ...]
) -> Chunk | None:
    try:
        return None if frame is None else chunk_of(frame, first, network, explained, what)
    except (ValueError, KeyError):
        return None
