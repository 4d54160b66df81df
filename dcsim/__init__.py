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
    from dcsim.study.drivers import drivers
    from dcsim.study.store import read

__all__ = [
    "DcsimError",
    "ScenarioError",
    "assumptions",
    "check",
    "drivers",
    "load",
    "read",
    "replicate",
    "simulate",
]

_ROOMS: dict[str, str] = {"drivers": "dcsim.study.drivers", "read": "dcsim.study.store"}
"""Where a public function is defined, if not in `dcsim.api`."""


def __getattr__(name: str) -> Any:
    """The public functions are imported when first used, so that `import dcsim` stays light."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(_ROOMS.get(name, "dcsim.api")), name)
    raise AttributeError(f"module 'dcsim' has no attribute '{name}'")
