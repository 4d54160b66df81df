"""Every picture by name: each is a function of tables and the axes to draw on, and returns these axes."""

from dcsim.figures.curves import level, s_curve, use
from dcsim.figures.decisions import days_bought
from dcsim.figures.gantt import gantt
from dcsim.figures.maps import hall_map

__all__ = [
    "days_bought",
    "gantt",
    "hall_map",
    "level",
    "s_curve",
    "use",
]
