"""Risks: chances and windows that are possible, and effects on what is there to be affected."""

from datetime import datetime
from fractions import Fraction

from dcsim.scenario.checks.parts import risk_parts, supply_parts
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.quantities import (
    check_duration,
    check_fixed_duration,
    check_moment,
    check_probability,
    minutes,
)
from dcsim.scenario.document import Key
from dcsim.scenario.schema import MOST_STRIKES, EachAdds, Effect, Risk, RiskPart, Scenario, WindowAfter
from dcsim.units import plain

_LARGEST_MULTIPLIER = 10**6
_AFFECTED = ("supplies", "resources", "activities")


def check_risks(scenario: Scenario, end: datetime | None, findings: Problems) -> None:
    """Every risk can happen, and does something to something."""
    produced = {name for _, name, supply in supply_parts(scenario) if supply.production is not None}
    ordered = {name for _, name, supply in supply_parts(scenario) if supply.orders}
    for path, name, part in risk_parts(scenario):
        follows = isinstance(part.begins or scenario.risks[name].begins, WindowAfter)
        _check_part(path, part, follows, scenario, findings)
        _check_changed(path, part, produced, ordered, scenario, findings)
        if follows:
            _check_follower(path, part, findings)
    for name, risk in scenario.risks.items():
        _check_window(("risks", name), risk, findings)
        if risk.every is not None and risk.times is None and end is not None:
            _check_often(("risks", name, "every"), risk, int((end - scenario.start).total_seconds()) // 60, findings)


def check_targets(scenario: Scenario, findings: Problems) -> None:
    """Effects and delays name things that exist."""
    for path, _, part in risk_parts(scenario):
        for target in part.effects:
            _check_target((*path, "effects", target), target, _AFFECTED, scenario, findings)
        for target in part.delays:
            _check_target((*path, "delays", target), target, ("supplies",), scenario, findings)


def _check_window(path: Key, risk: Risk, findings: Problems) -> None:
    if risk.lasts is not None and risk.begins is None and risk.every is None:
        findings.add(
            (*path, "lasts"),
            "a risk with `lasts` also needs `begins`; without it the risk acts during the whole run",
        )
    if risk.every is not None and risk.lasts is None:
        findings.add((*path, "every"), "a risk with `every` also needs `lasts`")


def _check_often(path: Key, risk: Risk, horizon: int, findings: Problems) -> None:
    """What strikes again and again does not do so without end."""
    try:
        between = sum(span.resolve(minutes).mean for span in (risk.every, risk.lasts) if span is not None)
    except (ValueError, OverflowError, ZeroDivisionError):
        return  # another check reports what cannot be read
    if horizon > MOST_STRIKES * between:
        message = f"strikes more than {MOST_STRIKES:,} times before the horizon; limit it with `times: 20`"
        findings.add(path, message)


def _check_follower(path: Key, part: RiskPart, findings: Problems) -> None:
    """A window that is known only as the build unfolds changes durations alone."""
    remedy = "can only change `activities.NAME`; other effects need a date or a span in `begins`"
    for target in part.effects:
        if not target.startswith("activities."):
            findings.add((*path, "effects", target), f"a risk that begins after something {remedy}")
    for key in ("delays", "stop_work"):
        if getattr(part, key):
            findings.add((*path, key), f"a risk that begins after something {remedy}")


def _check_part(path: Key, part: RiskPart, follows: bool, scenario: Scenario, findings: Problems) -> None:
    check_probability((*path, "probability"), part.probability, findings)
    if part.times is not None:
        fine = 1 <= part.times <= MOST_STRIKES
        findings.require(fine, (*path, "times"), f"`times` must be 1 to {MOST_STRIKES:,}, got {part.times}")
    if part.begins is not None and not isinstance(part.begins, WindowAfter):
        check_moment((*path, "begins"), part.begins, scenario.start, findings)
    if part.lasts is not None:
        (check_fixed_duration if follows else check_duration)((*path, "lasts"), part.lasts, findings)
    if part.every is not None:
        check_fixed_duration((*path, "every"), part.every, findings)


def _check_changed(
    path: Key, part: RiskPart, produced: set[str], ordered: set[str], scenario: Scenario, findings: Problems
) -> None:
    """What a risk changes about things is possible; these supplies are produced, and those ordered."""
    for target, effect in part.effects.items():
        where: Key = (*path, "effects", target)
        _check_effect(where, target, effect, findings)
        section, _, name = target.partition(".")
        if section == "supplies" and name in scenario.supplies and name not in produced:
            findings.add(
                where,
                f"'{name}' has no production for a risk to change; use `delays` to postpone orders",
            )
    for target, delay in part.delays.items():
        check_fixed_duration((*path, "delays", target), delay, findings)
        name = target.partition(".")[2]
        if name in scenario.supplies and name not in ordered:
            findings.add((*path, "delays", target), f"'{name}' has no orders to delay")


def _check_effect(path: Key, target: str, effect: Effect, findings: Problems) -> None:
    """A number multiplies anything; a span is added to activities."""
    if isinstance(effect, Fraction):
        fine = 0 <= effect <= _LARGEST_MULTIPLIER
        findings.require(fine, path, f"a multiplier must be between 0 and 10^6, got {plain(effect)}")
        return
    check_fixed_duration(path, effect.each if isinstance(effect, EachAdds) else effect, findings)
    if not target.startswith("activities."):
        message = (
            "only `activities.NAME` can have time added; use `delays` for orders, and a multiplier such as 0.5 "
            "for the rest"
        )
        findings.add(path, message)


def _check_target(path: Key, target: str, sections: tuple[str, ...], scenario: Scenario, findings: Problems) -> None:
    section, _, name = target.partition(".")
    if section not in sections or name not in getattr(scenario, section):
        known = (f"{section}.{name}" for section in sections for name in getattr(scenario, section))
        form = " or ".join(f"`{section}.NAME`" for section in sections)
        close = findings.near(target, known)
        findings.add(path, f"unknown target '{target}'; write {form}{close}")
