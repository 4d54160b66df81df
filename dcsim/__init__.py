"""Simulate data-center buildouts: when the GPUs are online, with what probability, and what held them back.

>>> import dcsim
>>> run = dcsim.simulate(dcsim.load("configs/minimal.yaml"), seed=0)
>>> run.milestones
"""

from typing import TYPE_CHECKING, Any

from dcsim.errors import DcsimError, Problem, ResultError, ScenarioError, UnavailableError
from dcsim.version import __version__

if TYPE_CHECKING:
    from dcsim.api import Run, assumptions, check, load, replicate, simulate
    from dcsim.study.replications import Replications

__all__ = [
    "DcsimError",
    "Problem",
    "Replications",
    "ResultError",
    "Run",
    "ScenarioError",
    "UnavailableError",
    "__version__",
    "assumptions",
    "check",
    "load",
    "replicate",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """The public functions are imported when first used, so that `import dcsim` stays light."""
    if name == "Replications":
        from dcsim.study.replications import Replications

        return Replications
    if name in __all__:
        from dcsim import api

        return getattr(api, name)
    raise AttributeError(f"module 'dcsim' has no attribute '{name}'")
