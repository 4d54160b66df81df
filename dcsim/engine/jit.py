"""Functions that are compiled when first called, and kept on disk for the next time; tables that they read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from dcsim.engine.tables import Table

COMPILES = find_spec("numba") is not None
"""Whether functions are compiled; as Python they do the same, slowly."""


def cached(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function and keep it; where no folder can be written, it is compiled anew in every process."""
    from numba import njit

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            made = njit(**options, cache=True)(function)
        except RuntimeError:  # there is no place to keep it
            return njit(**options)(function)
        file: Any = getattr(getattr(made, "_cache", None), "_cache_file", None)
        if not hasattr(file, "_source_stamp"):
            return made
        file._source_stamp, file._load_index = sources(), _index_of(file._load_index)
        return _once(made, FileLock(f"{file._index_path}.lock"))

    return compiled


def _index_of(load: Callable[[], Any]) -> Callable[[], Any]:
    """Read the index of compiled functions; one of an older version, whose types have other names now, is empty."""

    def index() -> Any:
        try:
            return load()
        except (AttributeError, ImportError):
            return {}

    return index


def _once(made: Any, lock: AbstractContextManager[Any]) -> Any:
    """Compile a function in one process at a time; the others wait, and load what it has kept."""
    from numba.core.compiler_lock import global_compiler_lock

    def compile_once(kinds: Any, compile_for: Callable[[Any], Any] = made.compile) -> Any:
        if kinds in made.overloads:
            return made.overloads[kinds].entry_point
        with global_compiler_lock, lock:
            return compile_for(kinds)

    made.compile = compile_once
    return made


@lru_cache(maxsize=1)
def sources() -> tuple[float, int]:
    """When the latest of the modules changed that compiled functions call or take constants from, and their size.

    numba looks at the module of a function alone, and would use what was made of older versions of others.
    """
    package = Path(__file__).parents[1]
    files = [file.stat() for folder in ("", "engine", "chain") for file in (package / folder).glob("*.py")]
    return max(file.st_mtime for file in files), sum(file.st_size for file in files)


def fast(function: Callable[..., Any], **options: Any) -> Any:
    """Compile a function that only reads and writes arrays and that compiled functions call, where numba is there."""
    if not COMPILES:
        return function
    from dcsim.engine.parts import part

    return part(function, **options)


def inlined(function: Callable[..., Any]) -> Any:
    """The same, written out wherever it is called."""
    return fast(function, forceinline=True)


def entry_point(function: Callable[..., Any]) -> Any:
    """The same for one that Python calls, which is kept on disk; its loops are short, and are not unrolled."""
    if not COMPILES:
        return function
    made = cached(nogil=True, _nrt=False, error_model="numpy")(function)

    def compile_short(kinds: Any, compile_for: Callable[[Any], Any] = made.compile) -> Any:
        with _short_loops():
            return compile_for(kinds)

    made.compile = compile_short
    return made


@contextmanager
def _short_loops() -> Iterator[None]:
    """Keep LLVM from unrolling the loops of what is compiled meanwhile, where numba asks it for a pass builder."""
    from llvmlite import binding
    from numba.core.compiler_lock import global_compiler_lock

    build: Any = getattr(binding, "create_pass_builder", None)

    def builder(machine: Any, tuning: Any) -> Any:
        tuning.loop_unrolling = False
        return build(machine, tuning)

    with global_compiler_lock:
        try:
            binding.create_pass_builder = builder
            yield
        finally:
            binding.create_pass_builder = build


def by_address(*kinds: type) -> None:
    """Hand named tuples of these classes to compiled functions as an address."""
    if COMPILES:
        from dcsim.engine import address

        for kind in kinds:
            address.register(kind)


def by_columns(kind: np.dtype[np.void], *columns: Sequence[float] | NDArray[Any]) -> Table:
    """Columns as a table; they are as long as the first. A `fast` function reads its fields as attributes."""
    table = np.empty(len(columns[0]), kind)
    for name, column in zip(kind.names or (), columns, strict=True):
        table[name] = np.asarray(column)
    return readable(table)


def by_rows(kind: np.dtype[np.void], rows: Iterable[Sequence[float]]) -> Table:
    """Rows as a table, alike."""
    return readable(np.array([tuple(row) for row in rows], kind))


def readable(table: Table) -> Table:
    """A table whose fields a `fast` function reads as attributes."""
    return table if COMPILES else table.view(np.recarray)
