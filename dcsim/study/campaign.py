"""The folder of many replications while they run: chunks as they finish, so that nothing computed is lost."""

from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from dcsim.errors import ResultError
from dcsim.network import Network
from dcsim.study.chunk import Chunk, Counter, chunk_of, frame_of
from dcsim.study.store import claim_folder, put, reason

PARTS = "parts"


class Campaign:
    """Replications in a folder: continued where they stopped, closed to a second run at the same time."""

    def __init__(self, folder: Path, manifest: dict[str, Any], scenario: str, resume: bool) -> None:
        self.folder = folder
        self.parts = folder / PARTS
        self.lock = FileLock(folder / ".lock")
        claim_folder(folder, manifest, scenario)
        try:
            self.lock.acquire(timeout=0)
        except Timeout:
            raise ResultError(
                f"another run is writing into '{folder}': wait for it, or choose another folder"
            ) from None
        if not resume and self.parts.exists() and any(self.parts.iterdir()):
            self.lock.release()
            raise ResultError(
                f"'{folder}' holds replications of a run that was stopped: continue it with --resume, or delete it"
            )
        self.parts.mkdir(exist_ok=True)

    def read(self, first: int, last: int, network: Network, what: tuple[Counter, ...]) -> Chunk | None:
        """The chunk of these replications, if it was written before."""
        path = self._path(first, last)
        return chunk_of(pd.read_parquet(path), first, network, what) if path.exists() else None

    def write(self, chunk: Chunk) -> None:
        """Keep a chunk: it is there whole, or not at all."""
        path = self._path(chunk.first, chunk.first + len(chunk.finished))
        try:
            put(path, lambda unfinished: frame_of(chunk).to_parquet(unfinished, index=False))
        except OSError as error:
            raise ResultError(
                f"cannot write into '{self.folder}': {reason(error)}; what is there is kept, --resume continues"
            ) from None

    def close(self) -> None:
        """The result is complete: the chunks are no longer needed."""
        for path in self.parts.iterdir():
            path.unlink()
        self.parts.rmdir()
        self.lock.release()

    def _path(self, first: int, last: int) -> Path:
        return self.parts / f"{first:08d}-{last:08d}.parquet"
