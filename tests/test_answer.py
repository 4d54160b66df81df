"""How a study's answer is printed: as text, as JSON that any program reads, as CSV."""

import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
import typer

from dcsim.cli.terminal import answer
from dcsim.study.result import Result

TABLE = pd.DataFrame(
    {
        "milestone": ["a", "b"],
        "day": [1.5, np.inf],
        "low": [-np.inf, np.nan],
        "count": np.array([1, 2], np.int64),
        "date": pd.to_datetime(["2024-05-02 12:00", None]),
    }
)
FOUND = Result(
    "sweep", None, {"over": ("x", "y"), "date": datetime(2024, 5, 2), "n": None, "p": {"q": np.inf}}, {"points": TABLE}
)


def test_json_has_no_numbers_that_json_does_not_know(capsys):
    answer(FOUND, "points", "never printed", True, False)
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {
        "kind": "sweep",
        "about": {"over": ["x", "y"], "date": "2024-05-02T00:00:00", "n": None, "p": {"q": "never"}},
        "tables": {
            "points": [
                {"milestone": "a", "day": 1.5, "low": None, "count": 1, "date": "2024-05-02T12:00:00"},
                {"milestone": "b", "day": "never", "low": None, "count": 2, "date": None},
            ]
        },
    }


def test_csv_is_the_main_table_alone(capsys):
    answer(FOUND, "points", "never printed", False, True)
    assert capsys.readouterr().out == ("milestone,day,low,count,date\na,1.5,-inf,1,2024-05-02 12:00:00\nb,inf,,2,\n")


def test_text_is_printed_otherwise(capsys):
    answer(FOUND, "points", "so it is", False, False)
    assert capsys.readouterr().out == "so it is\n"


def test_one_of_both(capsys):
    with pytest.raises(typer.BadParameter, match="choose one of --json and --csv"):
        answer(FOUND, "points", "", True, True)
