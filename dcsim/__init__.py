"""Simulate data-center buildouts: when the GPUs are online, with what probability, and what held them back.

>>> import dcsim
>>> run = dcsim.simulate(dcsim.load("configs/minimal.yaml"), seed=0)
>>> run.milestones
"""

from typing import TYPE_CHECKING, Any

from dcsim.errors import DcsimError, ScenarioError
from dcsim.version import __version__ as __version__

if TYPE_CHECKING:
    from dcsim.api import assumptions, check, load, replicate, simulate
    from dcsim.study.compare import compare
    from dcsim.study.drivers import drivers
    from dcsim.study.explain import explain
    from dcsim.study.lost import lost
    from dcsim.study.mitigate import mitigate
    from dcsim.study.orders import order_by
    from dcsim.study.store import read
    from dcsim.study.sweep import sweep

__all__ = [
    "DcsimError",
    "ScenarioError",
    "assumptions",
    "check",
    "compare",
    "drivers",
    "explain",
    "load",
    "lost",
    "mitigate",
    "order_by",
    "read",
    "replicate",
    "simulate",
    "sweep",
]

_ROOMS: dict[str, str] = {
    "compare": "dcsim.study.compare",
    "drivers": "dcsim.study.drivers",
    "explain": "dcsim.study.explain",
    "lost": "dcsim.study.lost",
    "mitigate": "dcsim.study.mitigate",
    "order_by": "dcsim.study.orders",
    "read": "dcsim.study.store",
    "sweep": "dcsim.study.sweep",
}
"""Where a public function is defined, if not in `dcsim.api`."""


def __getattr__(name: str) -> Any:
    """The public functions are imported when first used, so that `import dcsim` stays light."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(_ROOMS.get(name, "dcsim.api")), name)
    raise AttributeError(f"module 'dcsim' has no attribute '{name}'")
