"""What stands on the page, in which order, and how to make all of it again."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from dcsim.analysis.findings import Findings
from dcsim.report.language import counted
from dcsim.report.limits import LIMITS
from dcsim.report.page import causes, comparison, dates, evidence, gantt, leans, mitigations, options, words
from dcsim.report.page.parts import Line, Section, Table, table
from dcsim.report.page.results import Results
from dcsim.report.words import size
from dcsim.version import __version__


def sections(results: Results) -> list[Section]:
    """The parts of the page under the answer; those that have nothing to show are left out."""
    when = [*dates.curves(results), *dates.milestones(results)]
    why = [
        *causes.day_bars(results),
        *causes.chains(results),
        *causes.criticality(results),
        *causes.wait_bars(results),
    ]
    parts = [
        Section("when", "When", (), when),
        Section("why", "Why", (), why),
        *comparison.sections(results),
        *mitigations.sections(results),
        *options.sections(results),
        Section("build", "The build", (), list(gantt.gantt(results)), list(_stuck(results))),
        leans.leaning(results),
        Section("limits", "What is not modelled", (*_own(results),), points=LIMITS),
        evidence.assumptions(results),
    ]
    return [part for part in parts if part.said or part.charts or part.tables or part.points]


def subject(results: Results) -> list[str]:
    """What was simulated, in a few words."""
    zero = f"day 0 is {words.date(results.clock.zero)}"
    return [*(f"with {one}" for one in results.layers), size(results.network), *_builds(results), zero]


def _builds(results: Results) -> Iterator[str]:
    many = results.first("replications")
    if many is not None:
        yield counted(int(many.about.get("simulated", many.about.get("replications", 0))), "replication")


def _own(results: Results) -> Iterator[str]:
    if results.scenario.description:
        yield results.scenario.description
    yield "Nor does dcsim cover this, in any scenario:" if results.scenario.description else "In no scenario:"


def _stuck(results: Results) -> Iterator[Table]:
    """What an unfinished build is stuck on."""
    for run in results.of("run"):
        stuck = run.tables["stuck"]
        if not stuck.empty:
            counts = stuck.groupby(["activity", "waits_for"], sort=False).size().reset_index(name="count").head(12)
            rows: list[Line] = [
                [row["activity"], row["waits_for"], f"{row['count']:,}"] for row in counts.to_dict("records")
            ]
            yield table("Unfinished: what is stuck", ("Activity", "Waits for", ">How many"), rows)


@dataclass(frozen=True)
class Origin:
    """Where a page comes from: version, scenario, and the commands that make it again."""

    version: str
    sha256: str
    seeds: str
    commands: tuple[str, ...]


def origin(results: Results) -> Origin:
    """Enough to make the page again from the scenario that is kept with each result."""
    drawn = dict.fromkeys(one.about["seed"] for one in results.findings if "seed" in one.about)
    seeds = ("expected values" if seed == "expected" else f"seed {seed}" for seed in drawn)
    commands = tuple(shlex.join(command(one)) for one in results.findings)
    return Origin(__version__, results.scenario.document.sha256, ", ".join(seeds), commands)


VERBS = {
    "run": "run",
    "replications": "replicate",
    "explanation": "explain",
    "lost": "lost",
    "comparison": "compare",
    "sweep": "sweep",
    "drivers": "drivers",
    "orders": "order-by",
    "mitigations": "mitigate",
}


def command(found: Findings) -> list[str]:
    """The command that gives a result again, from the resolved scenario in its folder."""
    about = found.about
    words = ["dcsim", VERBS.get(found.kind, found.kind), "scenario.yaml"]
    if found.kind == "comparison":  # the resolved scenario has no variants any more
        words = [*words[:2], "SCENARIO", *(str(label) for label in about.get("scenarios", ())[1:])]
    if about.get("seed") == "expected" or about.get("told", 0) is None:
        words.append("--expected")
    for path, values in zip(about.get("over", ()), about.get("values", ()), strict=False):
        words += ["--over", f"{path}={','.join(map(str, values))}"]
    for milestone in about.get("milestones", ()):
        words += ["--milestone", str(milestone)]
    if about.get("budget") is not None:
        words += ["--budget", f"{about['budget']:.0f} {about.get('currency')}"]
    if found.kind == "lost" and about.get("price"):
        words += ["--price", f"{about['price'] / about['unit_days'] / 24:g} {about['currency']}"]
    for option, key in OPTIONS.items():
        if about.get(key) not in (None, "random", "expected"):
            words += [option, str(about[key]).removesuffix("T00:00:00")]
    if found.kind == "run":
        return [*words, "--replication", str(about["replications"][0])] if about["seed"] != "expected" else words
    return [*words, "-n", str(about["replications"])] if about.get("replications") else words


OPTIONS = {
    "--milestone": "milestone",
    "--supply": "supply",
    "--date": "date",
    "--confidence": "confidence",
    "--samples": "samples",
    "--seed": "seed",
    "--sampling": "sampling",
}
"""What a command was asked, by key of the manifest."""
