"""What may stand where in a scenario: the schema walked by path, for messages and for `--set`."""

import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dcsim.scenario.document import Key
from dcsim.scenario.schema import Scenario


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a part of a scenario, as they are written in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def kinds_at(path: Key) -> list[Any]:
    """The types that the schema knows at a path; none where nothing can stand."""
    kinds: list[Any] = [Scenario]
    for part in path:
        kinds = [kind for outer in kinds for kind in _inside(outer, part)]
    return kinds


def model_at(path: Key) -> type[BaseModel] | None:
    """The part of a scenario that stands at a path, if it has keys of its own."""
    kinds = [option for kind in kinds_at(path) for option in _entries(kind)]
    return next((kind for kind in kinds if is_model(kind)), None)


def is_model(kind: Any) -> bool:
    """Whether this is a part of a scenario with keys of its own."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def is_mapping(kind: Any) -> bool:
    """Whether this holds entries by name, or steps by time."""
    return get_origin(kind) is dict


def _inside(kind: Any, part: str | int) -> list[Any]:
    """The types that may stand one key further inside."""
    if is_model(kind):
        field = fields(kind).get(str(part))
        return _options(field.annotation) if field else []
    if is_mapping(kind):
        return _options(get_args(kind)[1])
    if get_origin(kind) is tuple:
        entry = _options(get_args(kind)[0])
        return entry if isinstance(part, int) else [kind for inner in entry for kind in _inside(inner, part)]
    return []


def _entries(kind: Any) -> list[Any]:
    """A type, or that of the entries of a list: a single entry may be written without its list."""
    return _options(get_args(kind)[0]) if get_origin(kind) is tuple else [kind]


def _options(kind: Any) -> list[Any]:
    """The alternatives of a type, without what decorates them."""
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return [option for part in get_args(kind) for option in _options(part)]
    return [kind]
