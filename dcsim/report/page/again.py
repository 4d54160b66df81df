"""How a result is got again: the command, or in words what it would take that the result does not keep."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dcsim.analysis.result import EXPECTED
from dcsim.dates import parse_limit, spelled
from dcsim.document.words import listed
from dcsim.errors import ResultError
from dcsim.scenario.finance import TOGETHER
from dcsim.study.result import Result

VERBS = {
    "replications": "replicate",
    "explanation": "explain",
    "comparison": "compare",
    "orders": "order-by",
    "mitigations": "mitigate",
}
"""The commands of results that have another name."""

ASKED_EVERY = 256
"""Replications after which `dcsim replicate` asks whether all is known well enough."""


def verb(kind: str) -> str:
    """The command that gives a result of this kind."""
    return VERBS.get(kind, kind.replace("_", "-"))


def command(result: Result) -> list[str]:
    """The words of the command that gives a result again from the resolved scenario in its folder.

    Raises ResultError where that is not exactly so; its message is what the command would need.
    """
    words = ["dcsim", verb(result.kind), "scenario.yaml"]
    if result.kind == "assumptions":
        return [*words, *_repeated("--milestone", result.about["milestones"])]
    return [*words, *_own(result), *_chance(result.about)]


def _own(result: Result) -> list[str]:
    """What this question alone is asked."""
    about = result.about
    match result.kind:
        case "replications":
            return [*_wishes(about.get("until_precise")), *_repeated("--explain", about.get("explained", ()))]
        case "explanation":
            options = ["--expected"] if about["told"] is None else ["--replication", str(about["told"])]
            return ["--milestone", about["milestone"], *options]
        case "delay_cost":
            return ["--supply", about["supply"], *_price(result)]
        case "finance":
            return [*([] if about["party"] == TOGETHER else ["--party", about["party"]]), *_joint(about)]
        case "comparison":
            return [*_changes(about), *_outcomes(about)]
        case "sweep":
            return [*_repeated("--over", _swept(about)), *_outcomes(about)]
        case "orders":
            likely = ["--confidence", str(about["confidence"]), "--points", f"{about.get('points', 5):g}"]
            date, named = spelled(parse_limit(about["date"])), _repeated("--order", about.get("orders") or ())
            return ["--milestone", about["milestone"], "--date", date, *likely, *named]
        case "mitigations":
            return [*_outcomes(about), *_budget(result)]
        case "promise":
            return [about["promise"]]
    return _outcomes(about)


def _outcomes(about: Mapping[str, Any]) -> list[str]:
    """The milestones, or the figure of finance, that a result is about."""
    if asked := about.get("outcome"):
        party = asked["parties"] if len(asked["parties"]) == 1 and not asked["alone"] else ()
        return ["--outcome", asked["figure"], *_repeated("--party", party)]
    names = about["milestones"] if "milestones" in about else [about["milestone"]] if "milestone" in about else []
    return [*_repeated("--milestone", names)]


def _joint(about: Mapping[str, Any]) -> Iterator[str]:
    """Date and budget of a milestone."""
    asked = about.get("joint") or {}
    for option in ("milestone", "date"):
        yield from _repeated(f"--{option}", [asked[option]] if asked.get(option) else [])
    if asked.get("budget") is not None:
        yield from ("--budget", f"{_plain(asked['budget'])} {about['currency']}")


def _chance(about: Mapping[str, Any]) -> list[str]:
    """Which builds, and how many."""
    count, seed = about.get("replications", about.get("points")), about.get("seed", 0)
    if seed == EXPECTED:
        return ["--expected"]
    sampling = about.get("sampling", "random")
    words = ["--seed", str(seed), *(["--sampling", sampling] if sampling != "random" else [])]
    if isinstance(count, list):
        return [*words, "--replication", str(count[0])]
    return [*words, "-n", str(count)]


def _repeated(option: str, values: Any) -> Iterator[str]:
    for value in values:
        yield from (option, str(value))


def _wishes(asked: Mapping[str, Any] | None) -> Iterator[str]:
    if asked is None:
        return iter(())
    if asked["at_least"] != ASKED_EVERY:
        raise ResultError(f"`at_least={asked['at_least']}`, which only Python has")
    return _repeated("--until-precise", asked["wishes"])


def _price(result: Result) -> list[str]:
    """What a unit was said to be worth an hour, if it is not the value that the scenario gives."""
    about = result.about
    if about["against"] == "plan":
        raise ResultError("the plan of `--target`, which is not saved")
    value, unit_days, worth = result.scenario.supplies[about["supply"]].hourly_value, about["unit_days"], about["price"]
    if worth is None:
        return []
    own = None if value is None else (float(value.amount) * 24 * unit_days, value.currency)
    if own == (worth, about["currency"]):
        return []
    if not unit_days:
        raise ResultError("the value of a unit (`--price`), which is not saved if there is no loss")
    return ["--price", f"{worth / unit_days / 24:.12g} {about['currency']}"]


def _changes(about: Mapping[str, Any]) -> list[str]:
    """The values that were compared; variants and other files are not in the resolved scenario."""
    changes = [str(label) for label in about["scenarios"] if label != about["base"]]
    overrides = [change for change in changes if not _CHANGE.fullmatch(_PARTS.sub("", change))]
    if overrides:
        raise ResultError(f"the file with its variants, or the other files: {listed(overrides)}")
    return changes


_PARTS = re.compile(r"\[.*?\]|\{.*?\}")
"""What stands in brackets, where a comma does not part two values."""
_CHANGE = re.compile(r"[^=,]+=[^=,]*(?<!\))")
"""A single value, not all layers of another scenario, nor the second of its name."""


def _swept(about: Mapping[str, Any]) -> Iterator[str]:
    """Each path with its values. Of samples, the manifest does not say between which ends and in which unit."""
    if about.get("samples") is not None:
        raise ResultError("the sampled ranges of `--over`")
    for path, values in zip(about["over"], about["values"], strict=True):
        values_written = ",".join(map(str, values))
        if (
            len(_PARTS.sub("", values_written).split(",")) != len(values)
            or ".." in values_written
            or (len(values) == 1 and ":" in values_written)
        ):
            raise ResultError(f"the Python values of {path}")
        yield f"{path}={values_written}"


def _budget(result: Result) -> list[str]:
    """The budget; options that were weighed are not in the resolved scenario."""
    budget = result.about.get("budget")
    if (result.tables["options"]["kind"] == "option").any():
        raise ResultError("the file with its options")
    return [] if budget is None else ["--budget", f"{_plain(budget)} {result.about['currency']}"]


def _plain(amount: float) -> str:
    """A sum of money to the last digit, without an exponent."""
    return f"{amount:.0f}" if amount == int(amount) else f"{amount!r}"
