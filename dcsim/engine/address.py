"""Named tuples of arrays as compiled functions take them: by the address of a table of their parts.

A tuple handed over by value is taken apart into six numbers for each of its arrays, at every call; that would be nearly
all of what compiling costs. Here a part is loaded when it is read, and a tuple within a tuple stands within its table.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import from_dtype

WORD = ir.IntType(64)
MOST_DIMENSIONS = 2


class ByAddress(types.Type):
    """A kind of named tuple: its parts, and the place of each in the table, in words."""

    def __init__(self, name: str, parts: dict[str, types.Type]) -> None:
        self.parts = parts
        self.place: dict[str, int] = {}
        self.size = 0
        for part, kind in parts.items():
            self.place[part] = self.size
            self.size += _size(kind)
        listed = ", ".join(f"{part}: {kind}" for part, kind in parts.items())
        super().__init__(f"{name}_{hashlib.blake2b(listed.encode(), digest_size=6).hexdigest()}")


def _size(kind: types.Type) -> int:
    """Words that a part takes: of an array its address and its shape."""
    if isinstance(kind, types.Array):
        return 1 + int(kind.ndim)
    return kind.size if isinstance(kind, ByAddress) else 1


register_model(ByAddress)(models.OpaqueModel)

KNOWN: dict[type, ByAddress] = {}
"""Kinds by the class of the tuple."""


def register(kind: type) -> None:
    """Hand tuples of this class over by address."""
    typeof_impl.register(kind)(lambda value, _: kind_of(value))


def kind_of(value: Any) -> ByAddress:
    """The kind of a tuple, which the first of its class decides.

    Raises
    ------
    TypeError
        A part is of another kind than that of the first.
    """
    parts = {part: _kind(content) for part, content in zip(value._fields, value, strict=True)}
    kind = KNOWN.setdefault(type(value), ByAddress(type(value).__name__, parts))
    if kind.parts != parts:
        raise TypeError(f"{type(value).__name__}: expected {kind.parts}, got {parts}")
    return kind


def _kind(value: Any) -> types.Type:
    if hasattr(value, "_fields"):
        return kind_of(value)
    if isinstance(value, np.ndarray) and value.flags.c_contiguous and value.ndim <= MOST_DIMENSIONS:
        return types.Array(from_dtype(value.dtype), value.ndim, "C")
    if isinstance(value, int | np.integer):
        return types.int64
    raise TypeError(f"neither an array in one piece nor a whole number: {value!r}")


@infer_getattr
class Parts(AttributeTemplate):
    """What the parts are."""

    key = ByAddress

    def generic_resolve(self, value: Any, attr: str) -> Any:  # type: ignore[override]
        return value.parts.get(attr)


@lower_getattr_generic(ByAddress)
def read_part(context: Any, builder: Any, kind: ByAddress, value: Any, part: str) -> Any:
    """Load a part from the table, which does not change while a function runs."""
    table, type_ = builder.bitcast(value, WORD.as_pointer()), kind.parts[part]
    if isinstance(type_, ByAddress):
        return builder.bitcast(_at(builder, table, kind.place[part]), value.type)
    words = []
    for k in range(_size(type_)):
        words.append(builder.load(_at(builder, table, kind.place[part] + k)))
        words[-1].set_metadata("invariant.load", builder.module.add_metadata([]))
    if not isinstance(type_, types.Array):
        return words[0]
    array = make_array(type_)(context, builder)
    strides = [context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(type_.dtype)))]
    for length in words[:1:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    data = builder.inttoptr(words[0], context.get_data_type(type_.dtype).as_pointer())
    populate_array(array, data, words[1:], strides, strides[-1], None)
    return array._getvalue()


def _at(builder: Any, table: Any, place: int) -> Any:
    return builder.gep(table, [ir.Constant(WORD, place)])


@unbox(ByAddress)
def take(kind: ByAddress, value: Any, c: Any) -> NativeValue:
    """Write the table of a tuple, which stands until the function returns."""
    table = cgutils.alloca_once(c.builder, WORD, size=kind.size)
    for part, type_, place in _leaves(c, kind, value, 0):
        if isinstance(type_, types.Array):
            room = cgutils.alloca_once(c.builder, c.context.get_value_type(type_))
            c.pyapi.numba_array_adaptor(part, c.builder.bitcast(room, cgutils.voidptr_t))
            array = c.context.make_array(type_)(c.context, c.builder, c.builder.load(room))
            words = [c.builder.ptrtoint(array.data, WORD), *cgutils.unpack_tuple(c.builder, array.shape, type_.ndim)]
        else:
            words = [c.pyapi.long_as_longlong(part)]
        for k, word in enumerate(words):
            c.builder.store(word, _at(c.builder, table, place + k))
    return NativeValue(c.builder.bitcast(table, c.context.get_value_type(kind)))


def _leaves(c: Any, kind: ByAddress, value: Any, place: int) -> Iterator[tuple[Any, types.Type, int]]:
    """The parts of a tuple and of those within it, what they are, and their places."""
    for k, (name, type_) in enumerate(kind.parts.items()):
        part = c.pyapi.tuple_getitem(value, k)
        if isinstance(type_, ByAddress):
            yield from _leaves(c, type_, part, place + kind.place[name])
        else:
            yield part, type_, place + kind.place[name]
