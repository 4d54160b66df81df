"""One page that can be mailed to a board: the answer, its pictures, what it rests on, and how to get it again.

The page is a single HTML file. It opens from disk, asks the network for nothing, and runs no script but its own.
"""

from pathlib import Path

from dcsim.errors import ResultError
from dcsim.study.result import Result
from dcsim.writing import write_file


def report(*findings: Result, path: str | Path, milestone: str | None = None) -> Path:
    """Write the results of one scenario as one HTML file.

    Parameters
    ----------
    findings
        A run, many replications, a comparison, an explanation, ...: any of them, in any order.
    path
        The file; its name ends in .html.
    milestone
        The one the page answers for; if not given the one the results were asked for, else the last with a target
        or an observed date.

    Raises
    ------
    ResultError
        The results are not of one scenario, or the file cannot be written.
    RequestError
        There is nothing to report, or the scenario has no such milestone.
    """
    from dcsim.report.page.document import written
    from dcsim.report.page.results import together

    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ResultError(f"'{path}': a report's name ends in .html")
    return write_file(path, written(together(findings, milestone)))
