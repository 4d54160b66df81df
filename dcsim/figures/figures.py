"""Every picture by name: each is a function of tables and the axes to draw on, and returns these axes."""

from dcsim.figures.decisions import days_bought

__all__ = [
    "days_bought",
]
