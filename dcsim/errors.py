"""What can go wrong, as a tree. All of it is expected: one paragraph for the user, exit code 2, no traceback.

DcsimError
├── ScenarioError     the scenario file says something that cannot be simulated; carries every problem found
├── RequestError      what was asked for makes no sense: a number, a sampling, a precision; also a ValueError
├── ResultError       a result folder is missing, belongs to something else, is in use, or cannot be written
├── UnavailableError  what was asked for needs something that is not installed here
└── ClusterError      a cluster does not answer, is lost, or its workers have another dcsim
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dcsim.visible import visible

MOST_SHOWN = 50
"""Problems listed in one message."""


class DcsimError(Exception):
    """Something the user can put right; its text says what and how, with nothing in it that steers a terminal."""

    def __str__(self) -> str:
        return visible(super().__str__())


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a scenario, where it stands and what would be right."""

    path: str
    """Where in the scenario, dotted: `activities.energize.duration`; empty for the file as a whole."""
    message: str
    """What was found and what would be right."""
    file: str = ""
    """The file that says so; the variant's or base file's where that wrote it."""
    line: int | None = None
    """Line in that file, counted from 1; none for what came from `--set` or Python."""

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        path = f"{self.path}: " if self.path else ""
        return f"{where}{path}{self.message}"


class ScenarioError(DcsimError):
    """A scenario cannot be simulated as written; `problems` lists all that was found, not only the first."""

    def __init__(self, problems: Sequence[Problem], name: str = "scenario") -> None:
        self.problems = tuple(problems)
        self.name = name
        super().__init__(str(self))

    def __str__(self) -> str:
        count = f"{len(self.problems)} problem" + ("s" if len(self.problems) != 1 else "")
        return visible("\n".join([f"{self.name}: {count}", *lines_of(self.problems, self.name)]))


def lines_of(problems: Sequence[Problem], name: str) -> list[str]:
    """Problems or warnings of a scenario file, a line for each, not too many of them."""
    lines = []
    for problem in problems[:MOST_SHOWN]:
        elsewhere = f"{problem.file}: " if problem.file and problem.file != name else ""
        lines.append(f"  {elsewhere}{problem}")
    return [*lines, f"  and {len(problems) - MOST_SHOWN} more"] if len(problems) > MOST_SHOWN else lines


class RequestError(DcsimError, ValueError):
    """A number or a word of a question makes no sense; the text says what would."""


class ResultError(DcsimError):
    """A folder of results cannot be read, continued or written."""


class UnavailableError(DcsimError):
    """Something optional is missing on this machine; the text says what to install."""


class ClusterError(DcsimError):
    """Machines that were to work together cannot; the text says what they lack."""
