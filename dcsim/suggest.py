"""The nearest known name, as the end of a message about one that is not known."""

import difflib
from collections.abc import Iterable
from heapq import nlargest
from itertools import pairwise

_MOST_LISTED = 20
_MOST_LOOKED_AT = 5_000
_MOST_COMPARED = 50


def nearest(name: str, known: Iterable[str], what: str = "") -> str:
    """`; did you mean 'electricians'?`, or what there is where nothing is near and the list is short."""
    names = list(dict.fromkeys(str(entry) for entry in known))
    wanted = name.casefold().replace("-", "_")
    for entry in names:
        if len(entry) == len(name) and entry.casefold().replace("-", "_") == wanted:
            return f"; did you mean '{entry}'?"
    if close := difflib.get_close_matches(name[:100], _alike(name[:100], _likely(name, names)), n=1, cutoff=0.7):
        return f"; did you mean '{close[0]}'?"
    if not names:
        return f"; there are no {what}" if what else ""
    if len(names) <= _MOST_LISTED:
        listed = ", ".join(f"'{entry}'" for entry in names)
        return f"; there is {listed}" if len(names) == 1 else f"; there are {listed}"
    return ""


def _likely(name: str, names: list[str]) -> list[str]:
    """Names to look at: of very many those first that begin or end alike, as they do after a slip of the pen."""
    if len(names) <= _MOST_LOOKED_AT:
        return names
    begin, end = name[: max(1, len(name) - 2)], name[len(name) // 2 :]
    return [*(name for name in names if name.startswith(begin) or name.endswith(end)), *names][:_MOST_LOOKED_AT]


def _alike(name: str, names: list[str]) -> list[str]:
    """The names that share the most pairs of characters with this one: comparing all in full takes too long."""
    if len(names) <= _MOST_COMPARED:
        return names
    pairs = set(pairwise(name))
    return nlargest(_MOST_COMPARED, names, key=lambda name: len(pairs.intersection(pairwise(name))))


def article(noun: str) -> str:
    """`an activity`, `a resource`."""
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def shorten(text: str, most: int = 60) -> str:
    """The text, or its beginning where it is long."""
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."
