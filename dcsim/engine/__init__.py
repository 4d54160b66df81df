"""The run: a network and its draws in, a trace out."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from dcsim.engine.draws import Draws
from dcsim.errors import UnavailableError
from dcsim.network import Network
from dcsim.trace import Trace

if TYPE_CHECKING:
    from dcsim.engine.outcome import Runner

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
"""Whichever is there sooner with the result."""

SMALL_JOB = 200_000
"""Activities in all replications below which the start-up of the compiled engine costs more than it saves."""


def choose(engine: str, work: int) -> str:
    """The engine to use for so many activities in all; what is asked for, if that is an engine.

    Raises
    ------
    UnavailableError
        There is no such engine, or what it needs is not installed.
    """
    if engine == AUTO:
        return "compiled" if work > SMALL_JOB and has_numba() else "reference"
    if engine not in ENGINES:
        raise UnavailableError(f"no engine '{engine}'; there are {', '.join((AUTO, *ENGINES))}")
    if engine == "compiled" and not has_numba():
        raise UnavailableError("the compiled engine needs numba: pip install 'dcsim[fast]', or use --engine reference")
    return engine


def misses_numba(engine: str, work: int) -> bool:
    """Whether the compiled engine would be used for so many activities, but cannot."""
    return engine == AUTO and work > SMALL_JOB and not has_numba()


def has_numba() -> bool:
    """Whether the compiled engine can run here."""
    return find_spec("numba") is not None


def new_runner(name: str, network: Network, seed: int, gates: tuple[int, ...] = ()) -> "Runner":
    """Many runs by an engine, each with the driving chains of these gates."""
    if name == "compiled":
        from dcsim.engine import compiled

        return compiled.Runner(network, seed, gates)
    from dcsim.engine.outcome import ReferenceRunner

    return ReferenceRunner(network, seed, gates)
