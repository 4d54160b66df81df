"""The results of one scenario as Markdown and as a workbook: the same words and numbers as on the page."""

import re
from datetime import datetime
from io import BytesIO

import pytest
from rich.console import Console

from dcsim import replicate
from dcsim.document.chart import Axis, Bars, Chart
from dcsim.document.report import Cell, Column, Picture, Report, Section, Table
from dcsim.report.files import report
from dcsim.report.markdown import markdown
from dcsim.report.terminal import shown

openpyxl = pytest.importorskip("openpyxl")

COLUMNS = (Column("name"), Column("n", "count"), Column("by", "date"), Column("chance", "share"), Column("day", "day"))
ROWS = (
    (Cell("=1+1", emphasis="strong"), 3_136, datetime(2027, 3, 1, 17), 0.25, 4.9),
    (Cell("a|b *c*", "https://example.org/a b"), 1, None, float("nan"), float("inf")),
)
CHART = Chart("m", Axis(), Axis("rows", names=["a"]), [Bars(rows=[0], start=[0.0], end=[1.0])])
REPORT = Report(
    "When: a/b",
    ("S", "seed 0"),
    [Section("Part", ("A sentence.",), ("a point",), [Table(COLUMNS, ROWS, "T")], [CHART], ("small print",))],
)


def test_a_terminal_makes_no_pictures_and_others_make_them_once(capsys):
    made = []

    def make():
        made.append(CHART)
        return CHART

    drawn = Report("R", ("S",), [Section("Part", ("A sentence.",), charts=Picture(make))])
    Console().print(shown(drawn))
    assert "A sentence." in capsys.readouterr().out
    assert made == []
    assert [*drawn.charts, *drawn.sections[0].charts] == [CHART, CHART]
    assert made == [CHART]


def test_markdown_has_everything_but_markup_of_its_own():
    text = markdown("S <b>", [REPORT])
    assert text.startswith(
        "# S \\<b\\>\n\n## When: a/b\n\nS · seed 0\n\n### Part\n\nA sentence.\n\n* a point\n\n**T**\n\n"
    )
    assert "| name | n | by | chance | day |\n| --- | ---: | ---: | ---: | ---: |\n" in text
    assert "| **=1+1** | 3,136 | 2027-03-01 | 25.0 % | 4 |\n" in text
    assert "| [a\\|b \\*c\\*](https://example.org/ab) | 1 | never |  | never |\n" in text
    assert text.endswith("*small print*\n")


def test_a_workbook_has_numbers_and_dates_as_such_and_words_that_are_no_formulas():
    from dcsim.report.workbook import workbook

    sheet = openpyxl.load_workbook(BytesIO(workbook([REPORT, REPORT])))["When  a b"]
    cells = {
        (cell.value, cell.data_type, cell.number_format) for row in sheet for cell in row if cell.value is not None
    }
    assert {("=1+1", "s", "General"), (3136, "n", "#,##0"), (0.25, "n", "0.0%"), (4, "n", "#,##0")} <= cells
    assert (datetime(2027, 3, 1, 17), "d", "yyyy-mm-dd") in cells
    assert len(sheet._images) == 1


@pytest.mark.slow
def test_the_same_results_give_the_same_bytes_in_every_form(tiny, tmp_path):
    many = replicate(tiny, 10)
    for suffix in (".md", ".xlsx", ".html"):
        one, other = (report(many, path=tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
        assert one == other
    page, text = ((tmp_path / f"a{suffix}").read_text() for suffix in (".html", ".md"))
    dates = re.findall(r"\| (20\d\d-\d\d-\d\d) \|", text)
    assert dates
    assert all(date in page for date in dates)


def test_a_terminal_breaks_headings_and_no_word():
    words = Column("what would have to be true")
    columns = (words, *(Column(f"the chance of number {k}", "share", 0, 0) for k in range(6)))
    table = Table(columns, [["a long-winded condition of everything", *[0.5] * 6]])
    console = Console(width=80)
    with console.capture() as captured:
        console.print(shown(Report("x", ("x",), (Section("", tables=(table,)),))))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert {"long-winded", "condition", "everything"} <= set(captured.get().split())
