"""From a scenario to the network that engines run: the one room that knows both."""

from functools import lru_cache

from dcsim.model.network import build
from dcsim.network import Network
from dcsim.scenario.schema import Scenario

__all__ = ["build", "network_of"]


@lru_cache(maxsize=8)
def network_of(scenario: Scenario) -> Network:
    """The network of a scenario, built once."""
    return build(scenario)
