"""What real sites say about the few quantities that their dates can carry, each with its prior beside it.

How far a site is from the median of the prior of a quantity is its score (see `dcsim.study.quantities`). Among the
sites of a group scores are normal; their mean and their spread are learned:

    score ~ Normal(mean + offset, spread),  mean ~ Normal(0, 1),  log spread ~ Normal(0, 0.35),  offset ~ Normal(0, 0.5)

The prior of the offset of a group, an archetype or a kind of buyer, is its shrinkage to the whole. Of a risk mean and
offset move the logarithm of its odds. Every site is simulated once, from the prior: what its steps say of a mean and a
spread is the mean, over its replications, of how well each fits the dates seen times how much likelier its scores have
become (importance sampling). A replication fits as well as the errors of the dates allow (Approximate Bayesian
Computation with a normal kernel: Beaumont, Annual Review of Statistics 6 (2019) 379); the kernel is widened until 100
replications count. The posterior are weighted draws of all means, spreads and offsets.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from dcsim.engine.philox import hash64
from dcsim.scenario.rules import ALL, Learned, Rules
from dcsim.study.quantities import ODDS, Drawn, drawn_of, scores_of
from dcsim.study.sites import Build, Simulated, seen_of
from dcsim.study.trials import AtPoints

Floats = NDArray[np.float64]

OFFSET, SPREAD = 0.5, 0.35
"""Standard deviations of the priors of a group's offset, and of the logarithm of a spread."""
ENOUGH, DRAWS, ROUNDS = 100, 2000, 25
"""Effective samples that are enough; draws from the posterior; how often they are drawn anew where too few count."""
CLOSE = 25.0
"""How far the logarithm of a fit lies below the best where the replication does not matter."""
WIDER, WIDEST = 1.25, 50
"""By which the kernel of a site is widened at a time, and at most."""
WHOLE = "all sites"
"""The group of all."""
TINY = 1e-300
"""In the place of a likelihood that is too small for a float."""
TINIEST = 2.0**-33
"""The smallest uniform number."""


class Evidence(NamedTuple):
    """What a site says: the scores of its replications, and how well each fits the dates seen."""

    site: str
    groups: tuple[str, ...]
    """Its archetype, or word of a column, for each quantity."""
    steps: int
    drawn: tuple[Drawn, ...]
    scores: Floats
    """Replications by what is drawn."""
    fit: Floats
    """The logarithm of how likely the dates seen are in each replication."""
    widened: float
    """By how much the errors of the dates were widened."""
    effective: float
    """How many replications count."""


def groups_of(build: Build, rules: Rules) -> tuple[str, ...]:
    """The group of a site for each quantity: its archetype, what a column says of it, or all sites."""
    cells = rules.cells(build.site)
    groups = {"": build.rule.archetype, ALL: WHOLE}
    return tuple(
        groups.get(quantity.by) or f"{quantity.by} {cells.get(quantity.by, '')}" for quantity in rules.calibrate
    )


def evidence_of(simulated: Simulated, rules: Rules, seed: int) -> Evidence:
    """What a site says about the quantities that the rules name."""
    build, dated = simulated.build, [step for step in simulated.build.steps if step.date is not None]
    drawn = drawn_of(build.network, rules.calibrate)
    away = []
    for step in dated:
        seen = seen_of(build.site, step)
        away.append(((seen.day - simulated.days[step.buildings]) / max(seen.error, 1), seen.censored))
    count = len(simulated.dated)
    fit, widened, effective = kernel(away, count)
    scores = scores_of(drawn, seed, count)
    return Evidence(build.site.name, groups_of(build, rules), len(dated), drawn, scores, fit, widened, effective)


def kernel(away: Sequence[tuple[Floats, bool]], count: int) -> tuple[Floats, float, float]:
    """How well replications fit, as a logarithm, by how many errors the days seen are away from theirs, each with
    whether it is only a bound; by how much the errors are widened until enough count; and how many then do."""
    widened = 1.0
    while True:
        fit = np.zeros(count)
        for distances, censored in away:
            errors = distances / widened
            fit += special.log_ndtr(-errors) if censored else -(errors**2) / 2
        effective = _effective(fit)
        if effective >= min(ENOUGH, count / 4) or widened > WIDEST:
            # where no replication gets there the site says nothing
            return (fit if effective else np.zeros(count)), widened, effective
        widened *= WIDER


def _effective(logs: Floats) -> float:
    """How many equally weighted samples say as much as these, with the logarithms of their weights."""
    if not np.isfinite(logs.max()):
        return 0.0
    return float(np.exp(2 * special.logsumexp(logs) - special.logsumexp(2 * logs)))


def sd(values: Floats, weights: Floats) -> float:
    """The standard deviation of weighted draws."""
    return float((weights @ (values - weights @ values) ** 2) ** 0.5)


def quantiles(values: Floats, weights: Floats, *levels: float) -> list[float]:
    """Quantiles of weighted draws."""
    order = np.argsort(values)
    return [float(value) for value in np.interp(levels, np.cumsum(weights[order]), values[order])]


class Room(NamedTuple):
    """Where the parameters stand in a draw: means of all quantities, spreads of some, offsets of groups."""

    quantities: int
    spreads: tuple[int, ...]
    """The quantities that have a spread: all but the odds of risks."""
    offsets: tuple[tuple[str, int], ...]
    """Which group has an offset of which quantity."""

    @property
    def sizes(self) -> Floats:
        """The standard deviations of their priors."""
        return np.repeat([1.0, SPREAD, OFFSET], [self.quantities, len(self.spreads), len(self.offsets)])

    def means(self, draws: Floats, groups: Sequence[str]) -> Floats:
        """Draws by quantities: the mean score, each in its group."""
        means = draws[:, : self.quantities].copy()
        for column, (group, number) in enumerate(self.offsets, start=self.quantities + len(self.spreads)):
            if groups and groups[number] == group:
                means[:, number] += draws[:, column]
        return means

    def logs(self, draws: Floats) -> Floats:
        """Draws by quantities: the logarithm of the spread, 0 where there is none."""
        spreads = np.zeros((len(draws), self.quantities))
        spreads[:, list(self.spreads)] = draws[:, self.quantities : self.quantities + len(self.spreads)]
        return spreads


def _room(evidence: Sequence[Evidence], count: int) -> Room:
    """A spread of all that has a score, and an offset of each group where several groups have the quantity."""
    scored = {quantity.quantity for site in evidence for quantity in site.drawn if quantity.prior is not None}
    pairs_ = {(site.groups[quantity.quantity], quantity.quantity) for site in evidence for quantity in site.drawn}
    counts = Counter(number for _, number in pairs_)
    return Room(count, tuple(sorted(scored)), tuple(sorted(pair for pair in pairs_ if counts[pair[1]] > 1)))


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the means, spreads and offsets, with their weights."""

    quantities: tuple[Learned, ...]
    room: Room
    evidence: tuple[Evidence, ...]
    draws: Floats
    """Draws by parameters (see `Room`)."""
    logs: Floats
    """Draws by sites: the logarithm of how likely the dates of each site are."""
    prior: Floats
    """The logarithm of the prior over that of the density from which each was drawn."""
    seed: int = 0
    """With which the sites were simulated."""

    def weights(self, without: str = "") -> Floats:
        """The weight of each draw; as if one site had not been seen, if it is named."""
        kept = np.array([site.site != without for site in self.evidence])
        return np.asarray(special.softmax(self.prior + self.logs[:, kept].sum(axis=1)))

    def effective(self, without: str = "") -> float:
        """How many draws count."""
        return float(1 / np.square(self.weights(without)).sum())

    def means(self, groups: Sequence[str] = ()) -> Floats:
        """Draws by quantities: the mean score in these groups; without any, of a site of any."""
        return self.room.means(self.draws, groups)

    @cached_property
    def spreads(self) -> Floats:
        """Draws by quantities: the standard deviation of scores; 1 where there is none."""
        return np.exp(self.room.logs(self.draws))

    def of(self, site: str, count: int) -> AtPoints:
        """The uniform numbers of so many replications of a site, drawn from what all other sites say."""
        evidence = next(kept_back for kept_back in self.evidence if kept_back.site == site)
        random = np.random.default_rng([self.seed, hash64(site)])
        chosen = random.permutation(_systematic(self.weights(site), count))
        of = [drawn.quantity for drawn in evidence.drawn]
        means, spreads = self.means(evidence.groups)[chosen][:, of], self.spreads[chosen][:, of]
        scores = means + spreads * random.standard_normal(means.shape)
        uniforms = special.ndtr(scores)
        for column, drawn in enumerate(evidence.drawn):
            if drawn.prior is None:  # of a risk only whether it occurs is told
                occurs = random.random(count) < drawn.value(means[:, column])
                uniforms[:, column] = (special.expit(drawn.odds) + ~occurs) / 2
        return AtPoints([drawn.name for drawn in evidence.drawn], np.clip(uniforms, TINIEST, 1 - TINIEST))


def _systematic(weights: Floats, count: int) -> NDArray[np.int64]:
    """So many numbers in proportion to their weights, evenly: as often as each deserves, give or take one."""
    return np.minimum(np.searchsorted(np.cumsum(weights), (np.arange(count) + 0.5) / count), len(weights) - 1)


def _likelier(evidence: Evidence, means: Floats, spreads: Floats) -> Floats:
    """The logarithm of how much likelier scores are than under the prior: replications by draws."""
    of = [quantity.quantity for quantity in evidence.drawn]
    means, spreads = means[:, of], spreads[:, of]
    risks = np.array([quantity.prior is None for quantity in evidence.drawn], bool)
    odds = np.array([quantity.odds for quantity in evidence.drawn])[risks]
    scores, middles, narrow = evidence.scores[:, ~risks], means[:, ~risks], 1 / np.square(spreads[:, ~risks])
    likelihood = scores**2 @ ((1 - narrow) / 2).T + scores @ (middles * narrow).T
    likelihood += (np.log(narrow) - middles**2 * narrow).sum(axis=1) / 2
    moved = odds + ODDS * means[:, risks]
    otherwise = special.log_expit(-moved) - special.log_expit(-odds)
    return np.asarray(likelihood + evidence.scores[:, risks] @ (moved - odds).T + otherwise.sum(axis=1))


def _logs(evidence: Sequence[Evidence], room: Room, draws: Floats) -> Floats:
    """Draws by sites: the logarithm of how likely the dates of each site are."""
    spreads, wholes, columns = np.exp(room.logs(draws)), dict[tuple[tuple[str, ...], int], Floats](), []
    for site in evidence:
        means, alike = room.means(draws, site.groups), (site.groups, id(site.scores))
        if alike not in wholes:  # the scores of sites of which the same is drawn are one array
            wholes[alike] = np.exp(_likelier(site, means, spreads)).sum(axis=0)
        close = site.fit > site.fit.max() - CLOSE
        weights = np.exp(_likelier(site._replace(scores=site.scores[close]), means, spreads))
        columns.append(np.log(np.exp(site.fit[close]) @ weights + TINY) - np.log(wholes[alike] + TINY))
    return np.column_stack(columns)


def posterior_of(evidence: Sequence[Evidence], quantities: Sequence[Learned], seed: int = 0) -> Posterior:
    """What all sites say together: draws from the prior, and anew from where the weighted ones lie, until enough count.

    Adaptive importance sampling (Cappé et al., Statistics and Computing 18 (2008) 447): draws come from a multivariate
    Student distribution with the mean and the covariance of those before, whose weights are first flattened until
    enough of them count.
    """
    room, random, best = _room(evidence, len(quantities)), np.random.default_rng(seed), None
    sizes = room.sizes
    centre, shape = np.zeros(len(sizes)), np.diag(sizes**2)
    for _ in range(ROUNDS):
        around = stats.multivariate_t(centre, shape, df=20, allow_singular=True, seed=random)
        draws = np.atleast_2d(around.rvs(DRAWS)).reshape(DRAWS, -1)
        prior = -np.square(draws / sizes).sum(axis=1) / 2 - around.logpdf(draws)
        made = Posterior(tuple(quantities), room, tuple(evidence), draws, _logs(evidence, room, draws), prior, seed)
        if best is None or made.effective() > best.effective():
            best = made
        if made.effective() >= 2 * ENOUGH:
            break
        weights = _flattened(np.log(made.weights() + TINY), max(2 * ENOUGH, 8 * len(sizes)))
        centre, shape = weights @ draws, np.atleast_2d(np.cov(draws.T, aweights=weights))
    assert best is not None
    return best


def _flattened(logs: Floats, enough: float) -> Floats:
    """Weights to a power of at most 1, so that enough of them count."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if _effective(middle * logs) >= enough else (low, middle)
    return np.asarray(special.softmax(low * logs))
