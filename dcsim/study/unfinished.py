"""What keeps builds from finishing, in words: an unfinished build is a result, and says what is missing."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from dcsim.analysis.chain import SUPPLY
from dcsim.analysis.stuck import HORIZON, WAITING
from dcsim.document.causes import waited_for
from dcsim.document.words import counted, listed, plural
from dcsim.places import SITE
from dcsim.scenario.schema import Scenario
from dcsim.study.labels import with_labels

MOST = 3
"""Reasons in one sentence."""
MOST_LINES = 8
"""Sentences about one result."""


def never(stuck: pd.DataFrame, n: int) -> Iterator[str]:
    """In how many of n builds which milestones are not reached, and what is missing; nothing where all is well.

    `stuck` is the table of what unfinished builds lack.
    """
    texts: dict[tuple[int, str], list[str]] = {}
    for _, part in stuck.groupby("milestone", sort=False):
        name = f"{part['milestone'].iloc[0]}"
        texts.setdefault((int(part["unfinished"].iloc[0]), reasons(part)), []).append(name)
    lines = [((builds, why), [name for name in names if name]) for (builds, why), names in texts.items()]
    lines = [line for line in lines if line[1] or len(texts) == 1]
    for (builds, why), names in lines[:MOST_LINES]:
        subject = f"{listed(names)}: never in" if names else "unfinished:"
        yield f"{subject} {builds:,} of {counted(n, 'replication')}: {why}"
    if more := sum(len(names) for _, names in lines[MOST_LINES:]):
        yield f"and {more:,} more, for other reasons: see the table `stuck`"


def missing(stuck: pd.DataFrame, milestone: str, names: pd.Series, n: int) -> tuple[str, ...]:
    """The same of one milestone in several scenarios, each of which is called as `whose` says in its rows."""
    return tuple(never(stuck.assign(milestone=names)[stuck["milestone"] == milestone], n))


def in_front(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The same table with this column as the first."""
    return table[[column, *table.columns.drop(column)]]


def reasons(stuck: pd.DataFrame, most: int = MOST) -> str:
    """What unfinished builds lack, most first: 418 racks short of power (power_on)."""
    sentences = []
    for row in stuck.head(most).to_dict("records"):
        share_text = f", in {row['builds']:,} of {row['unfinished']:,}" if row["builds"] < row["unfinished"] else ""
        sentences.append(_reason(row) + share_text)
    more = len(stuck) - most
    return "; ".join(sentences) + (f"; and {counted(more, 'more reason')}" if more > 0 else "")


def of_one(stuck: pd.DataFrame, scenario: Scenario, milestone: str) -> pd.DataFrame:
    """What a single unfinished build is stuck on, as the table that `reasons` reads."""
    waiting = stuck[stuck["state"] == WAITING]
    waits = waiting.groupby(["activity", "waits_for"], sort=False).size().reset_index(name="mean")
    waits["place"] = [scenario.activities[name].at for name in waits["activity"]]
    waits["kind"] = [SUPPLY if name in scenario.supplies else "" for name in waits["waits_for"]]
    waits = with_labels(waits, scenario.labels, ("activity", "waits_for", "place"))
    return waits.assign(milestone=milestone, builds=1, unfinished=1, least=waits["mean"], most=waits["mean"])


def _reason(row: Mapping[Hashable, Any]) -> str:
    least, most = row["least"], row["most"]
    many = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    if not row["waits_for"]:
        return "all its work is done, and too little was produced and delivered"
    if row["waits_for"] == HORIZON:
        return f"{many} activit{'y' if most == 1 else 'ies'} not finished"
    lack = f"short of {row['waits_for']}" if row["kind"] == SUPPLY else f"waiting for {waited_for(row['waits_for'])}"
    if row["place"] == SITE:
        return f"{row['activity']} {lack}"
    return f"{many} {row['place'] if most == 1 else plural(row['place'])} {lack} ({row['activity']})"
