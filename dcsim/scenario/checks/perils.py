"""Risks: chances and windows that are possible, and effects on what is there to be affected."""

from dcsim.scenario.checks.findings import Findings
from dcsim.scenario.checks.parts import supply_parts
from dcsim.scenario.checks.quantities import check_duration, check_fixed_duration, check_moment, check_probability
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Risk, RiskPart, Scenario
from dcsim.units import plain

_LARGEST_MULTIPLIER = 10**6
_AFFECTED = ("supplies", "resources", "activities")


def check_risks(scenario: Scenario, findings: Findings) -> None:
    """Every risk can happen, and does something to something."""
    for name, risk in scenario.risks.items():
        path: Key = ("risks", name)
        _check_part(path, risk, scenario, findings)
        if risk.mitigation is not None:
            _check_part((*path, "mitigation"), risk.mitigation, scenario, findings)
        _check_window(path, risk, findings)


def check_targets(scenario: Scenario, findings: Findings) -> None:
    """Effects and delays name things that exist."""
    for name, risk in scenario.risks.items():
        parts: list[tuple[Key, RiskPart | None]] = [
            (("risks", name), risk),
            (("risks", name, "mitigation"), risk.mitigation),
        ]
        for path, part in parts:
            if part is None:
                continue
            for target in part.effects:
                _check_target((*path, "effects", target), target, _AFFECTED, scenario, findings)
            for target in part.delays:
                _check_target((*path, "delays", target), target, ("supplies",), scenario, findings)


def _check_window(path: Key, risk: Risk, findings: Findings) -> None:
    if risk.lasts is not None and risk.begins is None:
        findings.add(
            (*path, "lasts"),
            "a risk that lasts a while also `begins`; without that it holds for the whole build",
        )


def _check_part(path: Key, part: RiskPart, scenario: Scenario, findings: Findings) -> None:
    check_probability((*path, "probability"), part.probability, findings)
    if part.begins is not None:
        check_moment((*path, "begins"), part.begins, scenario.start, findings)
    if part.lasts is not None:
        check_duration((*path, "lasts"), part.lasts, findings)
    produced = {name for _, name, supply in supply_parts(scenario) if supply.production is not None}
    ordered = {name for _, name, supply in supply_parts(scenario) if supply.orders}
    for target, multiplier in part.effects.items():
        fine = 0 <= multiplier <= _LARGEST_MULTIPLIER
        where: Key = (*path, "effects", target)
        findings.require(fine, where, f"a multiplier lies between 0 and 10^6, got {plain(multiplier)}")
        section, _, name = target.partition(".")
        if section == "supplies" and name in scenario.supplies and name not in produced:
            findings.add(
                where,
                f"'{name}' has no production that a risk could change; orders are postponed by `delays`",
            )
    for target, delay in part.delays.items():
        check_fixed_duration((*path, "delays", target), delay, findings)
        name = target.partition(".")[2]
        if name in scenario.supplies and name not in ordered:
            findings.add((*path, "delays", target), f"'{name}' has no orders that could be delayed")


def _check_target(path: Key, target: str, sections: tuple[str, ...], scenario: Scenario, findings: Findings) -> None:
    section, _, name = target.partition(".")
    if section not in sections or name not in getattr(scenario, section):
        known = (f"{section}.{name}" for section in sections for name in getattr(scenario, section))
        form = " or ".join(f"`{section}.NAME`" for section in sections)
        close = findings.near(target, known)
        findings.add(path, f"nothing is called '{target}' here; it is {form}{close}")
