"""Parameters from which nothing is computed: most are another one's name, misspelt."""

from collections.abc import Iterator
from typing import Any

from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.formulas import names_in
from dcsim.scenario.schema import Scenario


def check_parameters(scenario: Scenario, findings: Problems) -> None:
    """Something is computed from every parameter, here or in a variant or option."""
    if not scenario.parameters:
        return
    used = {name for formula in findings.document.formulas.values() for name in names_in(formula)}
    changes = [scenario.variants, [option.changes for option in scenario.options.values()]]
    used |= {name for formula in _leaves(changes) for name in names_in(formula)}
    for name in scenario.parameters:
        if name not in used:
            other_parameters = [parameter for parameter in scenario.parameters if parameter != name]
            near = findings.near(name, other_parameters)
            advice = near if "did you mean" in near else ""
            findings.warn(("parameters", name), f"nothing uses this parameter{advice}")


def _leaves(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        for key, inner in part.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _leaves(inner)
    else:
        yield part
