"""Tables that others wrote: read whole, or refused with the row and what to do."""

import re

import pytest

import dcsim
from dcsim.errors import ScenarioError


@pytest.fixture
def values(tmp_path):
    """The values of a column of a file, as a duration takes them."""

    def read(data, column="v", unit="h"):
        (tmp_path / "x.csv").write_bytes(data.encode() if isinstance(data, str) else data)
        duration = {"empirical": {"file": "x.csv", **({"column": column} if column else {})}}
        if unit:
            duration["empirical"]["unit"] = unit
        spec = {"name": "x", "start": "2024-01-01", "activities": {"a": {"duration": duration}}}
        return [str(value) for value in dcsim.load(spec, root=tmp_path).activities["a"].duration.values]

    return read


@pytest.mark.parametrize(
    "data",
    [
        "v\n1\n2.5\n",
        "\ufeffv\n1\n2.5",
        "v\r\n1\r\n2.5\r\n",
        "v\r1\r2.5\r",
        "\n v ,w\n\n 1 ,x\n2.5,\n,\n",
        'w,v,\n"a, b\nc",1,\n"say ""so""", "2.5"\n',
        ",v\n0,1\n1,2.5\n",
        "v,w\n60 min,x\n2.5,\u2028\n",
    ],
)
def test_what_is_a_table(values, data):
    assert values(data) in (["1 h", "2.5 h"], ["60 min", "2.5 h"])


def test_cells_may_have_their_unit(values):
    assert values("v\n3 d\n2 wk\n", column=None, unit=None) == ["3 d", "2 wk"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "x.csv: .*the file is empty"),
        ("\n \n,,\n", "the file is empty"),
        ("v\n", "line 1: .*there are no rows below"),
        ("v;w\n1;2\n", "line 1: .*separated by semicolons; save it with commas between cells and points in decimals"),
        ("v;w,x\n1;2\n", "separated by semicolons"),
        ("v\tw\n1\t2\n", "separated by tabs"),
        ("v,w,v\n1,2,3\n", "line 1: .*two columns have the name 'v'"),
        ("w,x\n1,2\n", "no column 'v' in 'x.csv'; there are 'w', 'x'"),
        ("v,w\n1,2\n1\n", "line 3: .*the row ends before column 'w'"),
        ("v\n1,5\n", "line 2: .*more cells than there are columns; is a comma used for decimals"),
        ("v\n1\n" + "x" * 200_000 + "\n3\n", "line 3: .*a cell of more than 131,072 characters; is a quote not closed"),
        ('v,w\n1,"2\n3,4\n', "line 2: .*the quote that opens in this row is not closed"),
        ('v,w\n1,"2"3\n', "line 2: .*text follows a closing quote"),
        ('v\n4\n"1\n2\n3"\n4\n', "line 3: .*expected a number, got '1.*2.*3'"),
        ("v\n1\n\n-2\n", "line 4: .*column 'v': what was measured is never negative, got '-2'"),
        ("v,w\n1,2\n,3\n", "line 3: .*column 'v': expected a number, a span or a date, got ''"),
        ("v\nn/a\n", "line 2: .*got 'n/a'"),
        ('v\n"1,5"\n', r"line 2: .*use a point for decimals: write 1\.5"),
        ("v\n44%\n", r"44% is a percentage: write the fraction 0\.44"),
        ("v\n1e99\n", "line 2: .*expected a number between"),
        ("v\n3 dayz\n", "line 2: .*expected a span such as '18 weeks', got '3 dayz'; did you mean 'day'"),
        ("v\n01/06/2024\n", "line 2: .*write 2024-01-06 or 2024-06-01"),
        (b"v\n1\0\n", "'x.csv' is not a text file; save it as plain text in UTF-8"),
        ("v\n1\n".encode("utf-16"), "'x.csv' is written in UTF-16; save it as UTF-8"),
        ("v,\u00fc\n1,2\n".encode("latin-1"), "'x.csv' is not UTF-8 text: line 1 has the byte 0xfc; save it as UTF-8"),
    ],
)
def test_what_is_none_is_refused_with_its_row(values, data, message):
    with pytest.raises(ScenarioError, match=re.compile(message, re.DOTALL)):
        values(data)


def test_a_unit_that_is_none_is_said_once(values):
    with pytest.raises(ScenarioError, match=r"1 problem\n .*unit: every number of the column is in it: .*'hour'"):
        values("v\n1\n2\n", unit="hourz")


def test_all_rows_are_told_at_once(values):
    with pytest.raises(ScenarioError, match=r"2 problems\n  x.csv: line 2: .*\n  x.csv: line 4: "):
        values("v\nx\n1\ny\n")
