"""Pictures of decisions."""

from math import inf

import pandas as pd
from matplotlib.figure import Figure

from dcsim.figures.figures import days_bought


def axes():
    return Figure(figsize=(8, 4)).subplots()


def said(ax):
    """Everything that is written in a picture."""
    ax.figure.canvas.draw()
    legend = ax.get_legend()
    labels = [*ax.get_xticklabels(), *ax.get_yticklabels(), ax.xaxis.label, ax.yaxis.label]
    return [text.get_text() for text in [*ax.texts, *labels, *(legend.get_texts() if legend else ())]]


def test_a_measure_of_one_replication_has_no_interval():
    measure = {"option": "crane", "kind": "option", "days": 2.0, "low": -inf, "high": inf}
    assert "?" in said(days_bought(pd.DataFrame([measure]), axes()))
