"""The driving chain of a replication: what a milestone had waited for last, back to the start."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dcsim.engine.draws import Draws
from dcsim.engine.flat import flatten, flatten_draws
from dcsim.engine.story import story_of
from dcsim.engine.tables import FlatDraws, RunRecord, Table
from dcsim.network import Network
from dcsim.trace import Trace

if TYPE_CHECKING:
    from dcsim.engine.outcome import Follow


def follower(network: Network, nodes: Sequence[int]) -> "Follow":
    """What tells the chains of these instances or gates in one replication after the other."""
    from dcsim.chain.follow import Chains
    from dcsim.chain.gates import Past
    from dcsim.chain.ways import ways

    plan, backwards, followed = flatten(network), ways(network), Chains(nodes)

    def follow(chance: FlatDraws, story: RunRecord) -> tuple[Table, ...]:
        return followed.of(Past(plan, backwards, chance, story))

    return follow


def chains(trace: Trace, draws: Draws, nodes: Sequence[int]) -> tuple[Table, ...]:
    """The segments of the chain of each of these instances or gates, in order of time; none of what did not happen."""
    return follower(trace.network, nodes)(flatten_draws(trace.network, draws), story_of(trace))
