"""Every picture by name: each is a function of tables and the axes to draw on, and returns these axes."""

from dcsim.figures.bars import criticality, differences, made_of, tornado
from dcsim.figures.sweeps import sweep

__all__ = ["criticality", "differences", "made_of", "sweep", "tornado"]
