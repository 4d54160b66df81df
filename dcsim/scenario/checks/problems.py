"""Problems gathered while a scenario is checked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dcsim.errors import MOST_SHOWN, Problem
from dcsim.scenario.document import Document, Key
from dcsim.suggest import nearest

Read = TypeVar("Read")


@dataclass
class Problems:
    """All errors found so far, and warnings of probable mistakes."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    _looked_up: int = 0

    def add(self, path: Key, message: str) -> None:
        """Something is wrong at this path."""
        self.problems.append(self.document.problem(path, message))

    def warn(self, path: Key, message: str) -> None:
        """What stands at this path can be simulated, but the user should know this."""
        self.warnings.append(self.document.problem(path, message))

    def require(self, fine: bool, path: Key, message: str) -> None:
        """Something is wrong at this path unless this holds."""
        if not fine:
            self.add(path, message)

    def near(self, name: str, known: Iterable[str], what: str = "") -> str:
        """The nearest known name, as the end of a message; for no more names than are read."""
        self._looked_up += 1
        return nearest(name, known, what) if self._looked_up <= MOST_SHOWN else ""

    def read(self, path: Key, reader: Callable[..., Read], *arguments: Any) -> Read | None:
        """What a reader makes of a written value; none, and a problem, where it cannot."""
        try:
            return reader(*arguments)
        except ValueError as error:
            self.add(path, str(error))
            return None
