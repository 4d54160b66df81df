"""Whether many builds have room: what is kept of each, counted before the first."""

from collections.abc import Iterable, Sequence

from dcsim.analysis.chain import codes_of
from dcsim.budget import BYTES, LIMIT, Part, excess
from dcsim.engine.philox import refuse_uncountable
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.scenario.schema import Scenario
from dcsim.study.chunk import MOST_ROWS, Counter, drawn_names
from dcsim.study.threads import Pool
from dcsim.trace import causes
from dcsim.units import DAY

_VALUES, _FEWER = "values kept of all replications", "fewer replications"


def refuse_too_many(scenario: Scenario, rows: int, columns: int) -> None:
    """So many builds, each with so many values, have room within the limit of their scenario."""
    _refuse(scenario, [_kept(rows, columns)])


def refuse_replications(
    scenario: Scenario, network: Network, seed: int, count: int, explained: int, what: Sequence[Counter], pool: Pool
) -> None:
    """So many replications, with the milestones explained and the curves of what is counted, have room."""
    refuse_uncountable(seed, count - 1)
    chains = explained * len(codes_of(network)) if explained else 0
    columns = len(network.milestones) + 2 * len(causes(network)) + len(drawn_names(network)) + chains
    rows = len(what) * min(MOST_ROWS, count * (network.horizon // DAY + 1))
    _refuse(scenario, [_kept(count, columns), Part("rows of curves over time", rows, (), "a nearer `horizon`")])


def most_kept(columns: int) -> int:
    """How many replications have room at most, each with so many values, where nobody says how much there is."""
    return int(LIMIT * 2**30 / BYTES[_VALUES] / (columns + 1))


def _kept(rows: int, columns: int) -> Part:
    return Part(_VALUES, rows * (columns + 1), (), _FEWER)


def _refuse(scenario: Scenario, parts: Iterable[Part]) -> None:
    problem = excess(parts, scenario.document.limit)
    if problem is not None:
        raise RequestError(problem[1])
