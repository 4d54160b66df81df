"""From a scenario to the network that engines run: the one room that knows both."""

from dcsim.model.network import build

__all__ = ["build"]
