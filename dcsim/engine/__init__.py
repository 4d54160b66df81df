"""The run: a network and its draws in, a trace out."""

from collections.abc import Callable

from dcsim.engine.draws import Draws
from dcsim.network import Network
from dcsim.trace import Trace

Engine = Callable[[Network, Draws], Trace]


def _reference() -> Engine:
    from dcsim.engine import reference

    return reference.run


def _compiled() -> Engine:
    from dcsim.engine import compiled

    return compiled.run


ENGINES: dict[str, Callable[[], Engine]] = {"reference": _reference, "compiled": _compiled}
"""Engines by name, each imported when it is asked for."""
