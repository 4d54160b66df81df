"""Gates that supplies open: as units come, those of the milestones that so many of them reach."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dcsim.network import Milestone, Network


@dataclass
class _Counted:
    """Stocks that some milestones count together, and what has come of them."""

    milestones: list[Milestone] = field(default_factory=list)
    """Those that are not yet reached, the last next."""
    units: float = 0


class Openings:
    """Milestones of supplies that are not yet reached, and the units that have come so far.

    Each unit that comes is looked at once, however many milestones there are.
    """

    def __init__(self, network: Network) -> None:
        together: dict[tuple[int, ...], _Counted] = {}
        for milestone in network.milestones:
            if milestone.stocks:
                together.setdefault(milestone.stocks, _Counted()).milestones.append(milestone)
        self._of: dict[int, list[_Counted]] = {}
        for stocks, counted in together.items():
            counted.milestones.sort(key=lambda milestone: -milestone.reaches)
            for stock in stocks:
                self._of.setdefault(stock, []).append(counted)
        self.closed = {milestone.gate: milestone for milestone in network.milestones if milestone.stocks}
        """By their gates."""

    def begin(self, levels: Sequence[float]) -> Iterator[int]:
        """The gates that open by what there is of each stock from the beginning."""
        for stock in self._of:
            yield from self.gain(stock, levels[stock])

    def gain(self, stock: int, units: float) -> Iterator[int]:
        """The gates that open as so many units come."""
        for counted in self._of.get(stock, ()):
            counted.units += units
            while counted.milestones and counted.units >= counted.milestones[-1].reaches:
                gate = counted.milestones.pop().gate
                del self.closed[gate]
                yield gate
