"""Problems gathered while a scenario is checked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dcsim.errors import Problem
from dcsim.scenario.document import Document, Key

Read = TypeVar("Read")


@dataclass
class Findings:
    """Everything found wrong so far, and what is allowed but hardly meant."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

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

    def read(self, path: Key, reader: Callable[..., Read], *arguments: Any) -> Read | None:
        """What a reader makes of a written value; none, and a problem, where it cannot."""
        try:
            return reader(*arguments)
        except ValueError as error:
            self.add(path, str(error))
            return None
