"""Functions that only compiled functions call: made once, and optimised where they are called.

numba would make them for every kind of whole number and every constant that is handed over, and would optimise and
translate each by itself, with all that it calls; that is most of what compiling costs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numba import njit
from numba.core import types


def part(function: Callable[..., Any], **options: Any) -> Any:
    """Compile a function without reference counts and ways to call it from Python."""
    options |= {"nogil": True, "_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made = njit(**options, error_model="numpy")(function)

    def template(kinds: Sequence[Any], named: Mapping[str, Any], make: Any = made.get_call_template) -> Any:
        return make(tuple(_wide(kind) for kind in kinds), named)

    made.get_call_template = template
    return made


def _wide(kind: Any) -> Any:
    """Whole numbers are handed over with 64 bits and a sign, except sets of bits."""
    kind = types.unliteral(kind)
    narrow: bool = isinstance(kind, types.Integer) and getattr(kind, "bitwidth", 64) < 64
    return types.int64 if narrow else kind
