"""Names for a scenario, from what activities, crews and calendars are called in a schedule."""

import re
import unicodedata

from dcsim.scenario.schema import RESERVED

LONGEST = 50
_NO_NAMES = {*RESERVED, "null", "true", "false", "min", "h", "d", "wk"}


class Names:
    """Names that differ from each other, each made of words with underscores between them."""

    def __init__(self) -> None:
        self._taken: set[str] = set(_NO_NAMES)
        self._numbers: dict[str, int] = {}

    def name(self, text: str, *more: str, what: str) -> str:
        """A unique name; `more`, then numbers, distinguish entries of the same name.

        `what` stands in front where the words begin with a digit, or where there are none.
        """
        first = words(text)
        if not first or not first[0].isalpha():
            first = f"{what}_{first}".rstrip("_")
        tries = [first, *(f"{first}_{words(word)}" for word in more if words(word))]
        free = next((candidate for candidate in tries if candidate not in self._taken), "")
        number = self._numbers.get(first, 2)
        while not free:
            candidate = f"{first}_{number}"
            free = "" if candidate in self._taken else candidate
            number = self._numbers[first] = number + 1
        self._taken.add(free)
        return free


def words(text: str) -> str:
    """The letters and digits of a text in lower case, with an underscore wherever anything else stands."""
    plain = unicodedata.normalize("NFC", text).casefold()
    joined = re.sub(r"[\W_]+", "_", plain).strip("_")
    if len(joined) <= LONGEST:
        return joined
    return joined[: joined.rfind("_", 0, LONGEST) if "_" in joined[:LONGEST] else LONGEST]
