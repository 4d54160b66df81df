"""What pydantic found wrong, in the words of the scenario: what was found and what would be right."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dcsim.errors import Problem
from dcsim.scenario import outline
from dcsim.scenario.document import Document, Key
from dcsim.scenario.schema import Lagged
from dcsim.scenario.values import describe
from dcsim.suggest import nearest

_OTHER_LINKS = {
    "fs": "a link is finish-to-start unless it says otherwise; leave this out",
    "ss": "a start-to-start link is `from: start`",
    "ff": "a finish-to-finish link is `to: finish`",
    "sf": "a start-to-finish link is `from: start, to: finish`",
}
"""How links of other tools, `type: FF`, are written here."""

_MISSING = "missing"
_UNKNOWN = "extra_forbidden"


def translate(error: ValidationError, document: Document) -> list[tuple[Key, Problem]]:
    """Every problem with the path at which something is to be changed."""
    problems: dict[tuple[Key, str], tuple[Key, Problem]] = {}
    for detail in error.errors(include_url=False):
        path, raw = _locate(detail["loc"], document.values)
        message = _message(detail, path, raw)
        where = (*path, str(detail["loc"][-1])) if detail["type"] == _MISSING else path
        problems.setdefault((path, message), (where, document.problem(path, message)))
    return list(problems.values())


def _locate(location: tuple[int | str, ...], values: Any) -> tuple[Key, Any]:
    """The path as it stands in the file, and what is there; parts that only the schema knows are left out."""
    path: list[int | str] = []
    for part in location:
        inside_mapping = isinstance(values, dict) and part in values
        inside_list = isinstance(values, list | tuple) and isinstance(part, int) and part < len(values)
        if inside_mapping or inside_list:
            path.append(part)
            values = values[part]
    return tuple(path), values


def _message(detail: ErrorDetails, path: Key, raw: Any) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == _MISSING:
        return _needs(path, str(detail["loc"][-1]))
    if kind == _UNKNOWN:
        return _unknown_key(path, raw)
    if kind == "value_error":
        return str(context.get("error", detail["msg"]))
    if kind == "literal_error":
        return f"expected {context['expected']}, got {describe(raw)}"
    if kind in ("dict_type", "model_type", "model_attributes_type"):
        return f"expected a mapping{_example(path)}, got {describe(raw)}"
    if kind in ("tuple_type", "list_type"):
        return f"expected a list, got {describe(raw)}"
    return f"unexpected value {describe(raw)}"


def _needs(path: Key, key: str) -> str:
    model = outline.model_at(path)
    field = outline.fields(model).get(key) if model is not None else None
    meaning = (field.description or "").strip().rstrip(".") if field is not None else ""
    return f"needs `{key}`" + (f": {meaning[:1].lower()}{meaning[1:]}" if meaning else "")


def _unknown_key(path: Key, raw: Any) -> str:
    model = outline.model_at(path[:-1])
    if model is not None and issubclass(model, Lagged) and (link := _OTHER_LINKS.get(str(raw).strip().lower()[:2])):
        return f"unknown key '{path[-1]}': {link}"
    known = list(outline.fields(model)) if model is not None else []
    return f"unknown key '{path[-1]}'{nearest(str(path[-1]), known) or _listed(known)}"


def _listed(known: list[str]) -> str:
    return f"; known keys: {', '.join(known)}" if known else ""


def _example(path: Key) -> str:
    """What a mapping here would look like: the keys it may have."""
    model = outline.model_at(path)
    if model is None:
        return " such as {name: ...}"
    return f" with keys such as {', '.join(f'`{key}`' for key in list(outline.fields(model))[:3])}"
