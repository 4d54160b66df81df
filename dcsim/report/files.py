"""The results of one scenario as one file: a page, Markdown or an Excel workbook, as its name says."""

from pathlib import Path
from typing import TYPE_CHECKING

from dcsim.errors import ResultError
from dcsim.study.result import Result
from dcsim.writing import write_file

if TYPE_CHECKING:
    from dcsim.report.page.results import Results

KINDS = (".html", ".htm", ".md", ".xlsx")


def report(
    *results: Result,
    path: str | Path,
    milestone: str | None = None,
    outcome: str | None = None,
    party: str | None = None,
    brief: bool = False,
) -> Path:
    """Write the results of one scenario as one file.

    Parameters
    ----------
    results
        A run, many replications, a comparison, an explanation, ...: any of them, in any order.
    path
        The file. A name that ends in .html gives a page that opens anywhere, .md Markdown, .xlsx an Excel workbook.
    milestone
        The one the report answers for; if not given the one the results were asked for, else the last with a target
        or an observed date.
    outcome
        A figure of finance that it answers for instead, such as `npv`; if not given that which all results are about.
    party
        The party, or the loan, whose figure it is; all parties together if not given.
    brief
        Whether it has the answer alone: dates, chance, causes, what to do and one chart, on one printed sheet of A4.

    Raises
    ------
    ResultError
        The results are not of one scenario, or the file cannot be written.
    RequestError
        There is nothing to report, or the scenario has no such milestone or figure.
    UnavailableError
        A workbook is asked for, and openpyxl is not installed.
    """
    from dcsim.report.page.results import together

    path = Path(path)
    if path.suffix.lower() not in KINDS:
        raise ResultError(f"'{path}': the name of a report must end in .html, .md or .xlsx")
    return write_file(path, _content(together(results, milestone, outcome, party), path.suffix.lower(), brief))


def _content(results: "Results", kind: str, brief: bool) -> str | bytes:
    from dcsim.report.page.contents import all_reports

    if kind == ".md":
        from dcsim.report.markdown import markdown

        return markdown(results.name, all_reports(results, brief))
    if kind == ".xlsx":
        from dcsim.report.workbook import workbook
        from dcsim.study.finance_sheets import sheets

        statements = [] if brief else [sheet for result in results.of("finance") for sheet in sheets(result)]
        return workbook([*all_reports(results, brief), *statements])
    from dcsim.report.page.document import written

    return written(results, brief)
