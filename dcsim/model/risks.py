"""The risks of a scenario, with their effects sorted by what they act on."""

from collections.abc import Iterator
from fractions import Fraction

from dcsim import network
from dcsim.model.activities import Instances
from dcsim.model.links import Links
from dcsim.model.time import elapsed
from dcsim.scenario import schema
from dcsim.scenario.schema import MOST_STRIKES, Scenario
from dcsim.scenario.values import Uncertain


def risks(scenario: Scenario, instances: Instances, links: Links) -> tuple[network.Risk, ...]:
    """All risks, in the order of the file."""
    return tuple(_risk(name, risk, instances, links) for name, risk in scenario.risks.items())


def _risk(name: str, risk: schema.Risk, instances: Instances, links: Links) -> network.Risk:
    def acting_on(section: str) -> list[tuple[str, Fraction]]:
        pairs = [(path.split(".", 1), effect) for path, effect in risk.effects.items()]
        return [
            (target, effect) for (kind, target), effect in pairs if kind == section and isinstance(effect, Fraction)
        ]

    begins = None
    if isinstance(risk.begins, schema.WindowAfter):
        begins = network.Moment(0, elapsed(risk.begins.lag))
    elif risk.begins is not None:
        begins = instances.supplies.clock.of(name).moment(risk.begins)
    return network.Risk(
        name=name,
        probability=float(risk.probability),
        times=risk.times if risk.times is not None else 1 if risk.every is None else MOST_STRIKES,
        gate=links.gates_of_risks.get(name, -1),
        begins=begins,
        lasts=None if risk.lasts is None else elapsed(risk.lasts),
        in_months=risk.lasts is not None and risk.lasts.in_months,
        every=None if risk.every is None else elapsed(risk.every),
        production=tuple(acting_on("supplies")),
        capacity=tuple(acting_on("resources")),
        durations=tuple((instances.number[target], float(m)) for target, m in acting_on("activities")),
        adds=tuple(_added(risk, instances)),
        delays=tuple((path.split(".", 1)[1], elapsed(delay)) for path, delay in risk.delays.items()),
    )


def _added(risk: schema.Risk, instances: Instances) -> Iterator[network.Added]:
    """What a risk adds to activities."""
    for path, effect in risk.effects.items():
        if isinstance(effect, Fraction):
            continue
        is_each = isinstance(effect, schema.EachAdds)
        span: Uncertain = effect.each if isinstance(effect, schema.EachAdds) else effect
        number = instances.number[path.split(".", 1)[1]]
        for instance, days in instances.days_added.get(number, ()):
            yield network.Added(number, instance, tuple(instances.times.working(span, day) for day in days), is_each)
