"""The layers applied to a scenario before its simulation, and its random draws."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dcsim.scenario.schema import Scenario

if TYPE_CHECKING:
    from dcsim.study.result import Result


SEEN = ("seen", "milestones", "as_of")
"""What a table of sightings lays over a scenario; the result names the replications that agree with it."""
EXPECTED = "expected"
"""What stands for the seed of a build with expected values."""


def layers(scenario: Scenario) -> tuple[str, ...]:
    """The layers of a scenario: variants, single values, options taken, risks that something is done against."""
    document = scenario.document
    return _laid(document.site, document.variants, document.overrides, document.options, document.mitigated)


def layers_of(findings: "Result") -> tuple[str, ...]:
    """The same of a result. One that was read back has the resolved scenario, and its manifest says what was laid."""
    about = findings.about
    values, (variants, options, mitigated) = (
        about.get("overrides", {}),
        (about.get(name, ()) for name in ("variants", "options", "mitigated")),
    )
    laid_out = _laid(about.get("site"), variants, values, options, mitigated)
    return laid_out or layers(findings.scenario)


def _laid(
    site: str | None,
    variants: Iterable[str],
    values: Mapping[str, Any],
    options: Iterable[str],
    mitigated: Iterable[str],
) -> tuple[str, ...]:
    unsaid = SEEN if "seen" in values else ()
    given = (f"{path}={value}" for path, value in values.items() if path not in unsaid)
    return (
        *([f"{site} alone"] if site else ()),
        *variants,
        *given,
        *options,
        *(f"{risk} mitigated" for risk in mitigated),
    )
