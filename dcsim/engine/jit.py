"""Functions that are compiled when first called, and kept on disk for the next time."""

from collections.abc import Callable
from typing import Any

from numba import njit


def kept(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function and keep it; where no folder can be written, it is compiled anew in every process."""

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            return njit(**options, cache=True)(function)
        except RuntimeError:  # there is no place to keep it
            return njit(**options)(function)

    return compiled
