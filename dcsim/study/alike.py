"""Builds that are alike are run once: a replication of equal networks in which the same risks strike is one build.

Measures of the same scenario share most of their builds. A mitigation changes nothing where its risk does not strike,
and then the build with it is that without it, to the minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from dcsim.content import content
from dcsim.engine.draws import strikes_in
from dcsim.network import Network
from dcsim.study.trials import Ends, Ints, Trials


@dataclass(eq=False)
class Builds:
    """The builds of one network that are known, by their place."""

    kin: Mapping[bytes, "Builds"]
    """Those of networks that differ from this by their risks alone."""
    struck: Ints
    """Which risks strike, as a number for each combination."""
    known: NDArray[np.bool_]
    rows: Ints
    """Tick, dated and left of each, as in `Ends`."""
    asked: NDArray[np.bool_]
    """Those that are run now, or were."""
    stuck: dict[int, Ints] = field(default_factory=dict)

    def missing(self, places: Ints) -> Ints:
        """Those of these replications that are to be run now; others are like builds of the kin."""
        known = self.known | self.asked
        for builds in self.kin.values():
            known |= (builds.known | builds.asked) & (builds.struck == self.struck)
        missing = places[~known[places]]
        self.asked[missing] = True
        return missing

    def take(self, places: Ints, ends: Ends) -> None:
        """How replications ended that were run."""
        self.known[places], self.rows[:, places] = True, ends[:3]
        if len(ends.stuck):
            for k in np.unique(ends.stuck[:, 0]).tolist():
                self.stuck[int(places[k])] = ends.stuck[ends.stuck[:, 0] == k, 1:]

    def _share(self, builds: "Builds") -> None:
        """What another network knows of builds in which the same risks strike."""
        same = np.flatnonzero(builds.known & ~self.known & (builds.struck == self.struck))
        self.known[same], self.rows[:, same] = True, builds.rows[:, same]
        self.stuck |= {k: builds.stuck[k] for k in same.tolist() if k in builds.stuck}

    def ends(self, places: Ints) -> Ends:
        """How these builds end, numbered in this order, once all are run that were missing."""
        for builds in self.kin.values():
            self._share(builds)
        stuck = [np.insert(self.stuck[k], 0, n, axis=1) for n, k in enumerate(places.tolist()) if k in self.stuck]
        ticks, dated, left = self.rows[:, places]
        return Ends(ticks, dated, left, np.concatenate([np.zeros((0, 4), np.int64), *stuck]))


@dataclass
class Alike:
    """Builds of many networks of one seed, each run once."""

    trials: Trials
    count: int
    """How many replications there are of each network at most."""
    kin: dict[bytes, dict[bytes, Builds]] = field(default_factory=dict)
    """By all but the risks of a network, then by its risks."""
    struck: dict[bytes, NDArray[np.bool_]] = field(default_factory=dict)
    """In which replications a risk strikes, by all that decides it."""
    numbers: dict[object, int] = field(default_factory=dict)
    """Of risks, and of combinations of them."""

    def of(self, network: Network) -> Builds:
        """The builds of a network; to be asked before any of it is run, since what was drawn from is kept with it."""
        rest = [getattr(network, part.name) for part in fields(network) if part.name != "risks"]
        names = [risk.name for risk in network.risks]
        kin = self.kin.setdefault(content([names, *rest]), {})
        risks = content(network.risks)
        if risks not in kin:
            shape = (3, self.count)
            known, asked = np.zeros((2, self.count), np.bool_)
            kin[risks] = Builds(kin, self._struck(network), known, np.zeros(shape, np.int64), asked)
        return kin[risks]

    def _struck(self, network: Network) -> Ints:
        """Of each replication a number for the risks that strike in it, as they are."""
        combinations = np.full((self.count, len(network.risks)), -1, np.int64)
        among, seed = self.trials.among, self.trials.seed
        which = list(range(self.count)) if among is None else among[: self.count].tolist()
        for number, risk in enumerate(network.risks):
            decided_by = content((risk, network.mixtures, network.start, network.horizon))
            if decided_by not in self.struck:
                struck = [strikes_in(network, number, seed, replication) for replication in which]
                self.struck[decided_by] = np.array(struck, np.bool_)
            combinations[: len(which), number][self.struck[decided_by]] = self._number(content(risk))
        return np.array([self._number(row) for row in map(bytes, combinations)], np.int64)

    def _number(self, what: object) -> int:
        return self.numbers.setdefault(what, len(self.numbers))
