"""The whole network of a scenario, put together from its parts and refused where it can never run."""

from dcsim.distributions import Distribution
from dcsim.model.activities import Instances
from dcsim.model.branches import branches
from dcsim.model.choices import Choices
from dcsim.model.correlations import mixtures
from dcsim.model.history import Past
from dcsim.model.limits import exceeded
from dcsim.model.links import Links
from dcsim.model.refusals import refuse
from dcsim.model.risks import risks
from dcsim.model.supplies import Supplies
from dcsim.model.time import Clock, WorkingTimes
from dcsim.network import Factor, Network
from dcsim.places import Places
from dcsim.scenario.cash import Paying
from dcsim.scenario.schema import Scenario


def build(scenario: Scenario) -> Network:
    """Make a scenario ready to run.

    Raises
    ------
    ScenarioError
        An activity can never start, activities wait for each other in a circle, a milestone waits for itself.
    """
    places = Places.grow(scenario.places, scenario.document.limit)
    clock = Clock(scenario)
    times = WorkingTimes(scenario, clock)
    supplies = Supplies(scenario, places, clock, times)
    choices = Choices(supplies, times)
    instances = Instances(scenario, places, times, supplies, choices, Past(scenario, places))
    links = Links(scenario, places, instances)
    work = tuple(instances.make_work())
    needed, link_first, link_to, link_lag = links.arrays()
    network = Network(
        name=scenario.name,
        start=scenario.start,
        zero=scenario.zero,
        zeros=scenario.zeros,
        horizon=clock.horizon,
        places=places,
        activities=instances.names,
        levels=tuple(activity.at for activity in scenario.activities.values()),
        first=instances.first,
        place=instances.place,
        release=links.releases(),
        demand=instances.demand,
        bundle=instances.bundle,
        again=instances.again,
        start_gate=links.start_gates,
        finish_gate=links.finish_gates,
        demands=instances.demands,
        counters=instances.counters,
        bundles=tuple(instances.bundles),
        work=work,
        needed=needed,
        link_first=link_first,
        link_to=link_to,
        link_lag=link_lag,
        lags=tuple(links.lags),
        orders_of_gate=links.orders_of_gate,
        milestones=tuple(links.milestones.values()),
        factors=tuple(Factor(name, factor.per, _plain(factor.value)) for name, factor in scenario.factors.items()),
        resources=tuple(supplies.resources),
        stocks=tuple(supplies.stocks),
        orders=tuple(supplies.orders),
        productions=tuple(supplies.productions),
        risks=risks(scenario, instances, links),
        branches=branches(scenario, instances),
        working_times=tuple(times.table),
        joined=choices.joined,
        mixtures=mixtures(scenario, places),
        history=links.history(),
        bills=tuple(k for k, activity in enumerate(scenario.activities.values()) if isinstance(activity, Paying)),
    )
    refuse(scenario, network, [*links.too_few, *choices.refused, *exceeded(network)])
    return network


def _plain(value: object) -> Distribution:
    """A distribution of plain numbers."""
    return value.resolve(lambda number: number)  # type: ignore[attr-defined, no-any-return]
