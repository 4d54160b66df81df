"""Opportunities of a risk register: what makes work shorter, said by a factor below 1 of its duration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcsim.engine.draws import Expectation, draw
from dcsim.network import Network, Risk
from dcsim.schedule import Loss
from dcsim.study.cash import network_of

WORDS = ("opportunity", "opp", "upside", "positive", "chance")
"""What a type is called whose impacts are time that is saved."""


def is_opportunity(kind: str) -> bool:
    """Whether a type, as registers write it, is that of an opportunity."""
    return kind.strip().casefold() in WORDS


@dataclass(frozen=True)
class Gain:
    """Time that an opportunity saves, as a scenario says time that is added; none where it may be added as well."""

    saves: Any
    where: str
    """The risk in words."""


def as_factors(risks: dict[str, dict[str, Any]], scenario: Path) -> list[Loss]:
    """Replace gains by factors of expected durations; returns what that changes and leaves out."""
    from dcsim.scenario.load import load

    gains = [(of, path, of[path]) for of in _effects(risks) for path in of if isinstance(of[path], Gain)]
    if not gains:
        return []
    probes = {
        f"gain_{i}": {"effects": {path: gain.saves}}
        for i, (_, path, gain) in enumerate(gains)
        if gain.saves is not None
    }
    network = network_of(load({"extends": scenario.name, "risks": probes}, root=scenario.parent))
    known, losses = {risk.name: risk for risk in network.risks}, []
    for i, (of, path, gain) in enumerate(gains):
        factor, loss = _factor(network, known.get(f"gain_{i}"), path.partition(".")[2], gain)
        losses.append(loss)
        of |= {path: factor}
        if factor is None:
            del of[path]
    for name in [name for name, risk in risks.items() if not risk["effects"]]:
        del risks[name]
    return losses


def _factor(network: Network, probe: Risk | None, activity: str, gain: Gain) -> tuple[float | None, Loss]:
    """What multiplies the duration of an activity to save so much of its expected value, and how it is listed."""
    if probe is None or not probe.adds:
        what = "an impact that may be a delay or a saving" if probe is None else "a saving"
        return None, Loss(gain.where, f"{what} in {activity}", "nothing: a risk adds time, or multiplies a duration")
    first, last = network.first[probe.adds[0].activity : probe.adds[0].activity + 2]
    length = float(np.mean(draw(network, Expectation()).minutes[first:last])) / 60
    saved = float(probe.adds[0].minutes[0].mean) / 60
    factor = round(1 - saved / length, 4) if length else 0.0
    lost = f"{saved:.4g} h saved in {activity}, which is expected to last {length:.4g} h"
    if 0 < factor < 1:
        return factor, Loss(gain.where, lost, f"its duration is multiplied by {factor:g}", "assumption")
    return None, Loss(gain.where, lost, "nothing: no factor above 0 says it")


def _effects(risks: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for risk in risks.values():
        yield risk["effects"]
        if "effects" in risk.get("mitigation", {}):
            yield risk["mitigation"]["effects"]
