"""The engines: each simulates a network with its random draws, and returns a trace."""

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from dcsim.engine.draws import Draws
from dcsim.errors import UnavailableError
from dcsim.network import Network
from dcsim.trace import Trace

if TYPE_CHECKING:
    from dcsim.engine.kept import Kept
    from dcsim.engine.outcome import Follow, Goal, Runner

LOG = logging.getLogger("dcsim")

NOTHING: Mapping[str, float] = MappingProxyType({})


class Build(Protocol):
    """One build by its number; `designed` holds the uniform numbers that are chosen."""

    def __call__(self, replication: int, designed: Mapping[str, float] = NOTHING) -> tuple[Trace, Draws]: ...


Engine = Callable[[Network, Draws], Trace]


def _reference() -> Engine:
    from dcsim.engine import reference

    return reference.run


def _compiled() -> Engine:
    from dcsim.engine import compiled

    return compiled.run


ENGINES: dict[str, Callable[[], Engine]] = {"reference": _reference, "compiled": _compiled}
"""Engines by name, each imported when it is asked for."""

REFERENCE = "reference"
AUTO = "auto"
"""The engine that is expected to finish first."""

REFERENCE_COST = 1e-4
"""Seconds that the reference engine takes for an activity of a replication (measured: 0.75 to 2 times as many)."""
START_UP = 1.0
"""Seconds until the compiled engine is ready, whose own activities take a tenth of that or less."""
COMPILING = 40.0
"""Seconds that it takes more where it has to be compiled first."""
USES = 5
"""What is compiled is kept: compiling is worth its time where it is made good in so many runs."""


def choose(engine: str, work: int) -> str:
    """The engine to use for so many activities in all; what is asked for, if that is an engine.

    Raises
    ------
    UnavailableError
        There is no such engine, or what it needs is not installed.
    """
    if engine == AUTO:
        engine = "compiled" if has_numba() and _compiled_pays(work) else REFERENCE
        if engine == REFERENCE and work * REFERENCE_COST > COMPILING / USES:
            LOG.warning("numba is not installed, so the slower reference engine runs: pip install 'dcsim[fast]'")
    if engine not in ENGINES:
        raise UnavailableError(f"no engine '{engine}'; there are {', '.join((AUTO, *ENGINES))}")
    if engine == "compiled" and not has_numba():
        raise UnavailableError("the compiled engine needs numba: pip install 'dcsim[fast]', or use --engine reference")
    if engine == "compiled" and not is_compiled():
        LOG.info("compiling once: it takes about half a minute, and is kept on disk")
    return engine


def _compiled_pays(work: int) -> bool:
    seconds = work * REFERENCE_COST
    return seconds > START_UP and (seconds > COMPILING / USES or is_compiled())


@lru_cache(maxsize=1)
def is_compiled() -> bool:
    """Whether the compiled engine is kept on disk as it is now."""
    from dcsim.engine import kernel
    from dcsim.engine.jit import sources

    stats, source = getattr(kernel.run, "stats", None), sources()[0]
    indexes = Path(stats.cache_path).glob("kernel.run-*.nbi") if stats is not None and stats.cache_path else ()
    return any(index.stat().st_mtime >= source for index in indexes)


def has_numba() -> bool:
    """Whether the compiled engine can run here."""
    from dcsim.engine.jit import COMPILES

    return COMPILES


def builds(name: str, network: Network, seed: int, attempts: bool) -> "Build":
    """The builds of a seed by number, which need not tell shortages, nor attempts unless they are asked for."""
    if name == "compiled":
        from dcsim.engine import compiled

        return compiled.builds(network, seed, attempts)
    from dcsim.engine import reference
    from dcsim.engine.draws import Sample, draw

    def build(replication: int, designed: Mapping[str, float] = NOTHING) -> tuple[Trace, Draws]:
        draws = draw(network, Sample(seed, replication, designed))
        return reference.run(network, draws), draws

    return build


def expected(name: str, network: Network) -> Trace:
    """The run with expected values; compiled, it tells neither attempts nor shortages."""
    from dcsim.engine.draws import Expectation, draw

    draws = draw(network, Expectation())
    if name == "compiled":
        from dcsim.engine import compiled

        return compiled.run(network, draws, attempts=False, shortages_too=False)
    return ENGINES[name]()(network, draws)


def new_runner(
    name: str,
    network: Network,
    seed: int,
    follow: "Follow | None" = None,
    goal: "Goal | None" = None,
    kept: "Kept | None" = None,
) -> "Runner":
    """Many runs by an engine, in each of which chains are followed (see `dcsim.chain.follower`), or which are asked for
    one milestone alone; those of several networks share the working times that are kept."""
    if name == "compiled":
        from dcsim.engine import compiled

        return compiled.Runner(network, seed, follow, goal, kept)
    from dcsim.engine.outcome import ReferenceRunner

    return ReferenceRunner(network, seed, follow, goal)
