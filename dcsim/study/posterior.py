"""What real sites say about the few quantities that their dates can carry, each with its prior beside it.

A quantity is a factor of the site that its template writes as `A to B`. How far a site is from the median of that
prior, in standard deviations of its logarithm, is its score. Among the sites of an archetype scores are normal; their
mean and their spread are learned:

    score ~ Normal(mean + offset, spread),  mean ~ Normal(0, 1),  log spread ~ Normal(0, 0.35),  offset ~ Normal(0, 0.5)

The prior of the offset of an archetype is its shrinkage to the whole. Every site is simulated once, from the prior:
what its steps say of a mean and a spread is the mean, over its replications, of how well each fits the dates seen
times how much likelier its scores have become (importance sampling). A replication fits as well as the errors of the
dates allow (Approximate Bayesian Computation with a normal kernel: Beaumont, Annual Review of Statistics 6 (2019) 379);
the kernel is widened until 100 replications count. The posterior are weighted draws of all means, spreads and offsets.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from dcsim.distributions import Fixed, Lognormal
from dcsim.errors import RequestError
from dcsim.network import Network
from dcsim.places import SITE
from dcsim.study.chunk import drawn_names
from dcsim.study.sites import Simulated, seen_of

Floats = NDArray[np.float64]

OFFSET, SPREAD = 0.5, 0.35
"""Standard deviations of the priors of an archetype's offset, and of the logarithm of a spread."""
ENOUGH, DRAWS, ROUNDS = 100, 2000, 25
"""Effective samples that are enough; draws from the posterior; how often they are drawn anew where too few count."""
WIDER, WIDEST = 1.25, 50
"""By which the kernel of a site is widened at a time, and at most."""
TINY = 1e-300
"""In the place of a likelihood that is too small for a float."""


class Evidence(NamedTuple):
    """What a site says: the scores of its replications, and how well each fits the dates seen."""

    site: str
    archetype: str
    steps: int
    scores: Floats
    """Replications by quantities; not a number where the template has no such quantity."""
    fit: Floats
    """The logarithm of how likely the dates seen are in each replication."""
    widened: float
    """By how much the errors of the dates were widened."""
    effective: float
    """How many replications count."""


def priors_of(network: Network, quantities: Sequence[str]) -> list[Lognormal | None]:
    """The distribution of each quantity in a network; none where it is not there, or one value that is known.

    Raises
    ------
    RequestError
        One is there, but cannot be calibrated.
    """
    there = {factor.name: factor for factor in network.factors}
    found: list[Lognormal | None] = []
    for name in quantities:
        factor = there.get(name.removeprefix("factors."))
        value = factor.value if factor is not None and not isinstance(factor.value, Fixed) else None
        if value is not None and (not isinstance(value, Lognormal) or factor is None or factor.level != SITE):
            raise RequestError(f"'{name}' cannot be calibrated: write it as a range of the whole site, 'A to B'")
        found.append(value if isinstance(value, Lognormal) else None)
    return found


def evidence_of(simulated: Simulated, quantities: Sequence[str]) -> Evidence:
    """What a site says about some quantities."""
    build, dated = simulated.build, [step for step in simulated.build.steps if step.date is not None]
    scores, fit, widened = _scores(simulated, quantities), np.zeros(len(simulated.draws)), 1.0
    while True:
        fit[:] = 0
        for step in dated:
            seen = seen_of(build.site, step)
            away = (seen.day - simulated.days[step.buildings]) / (widened * max(seen.error, 1))
            fit += special.log_ndtr(-away) if seen.censored else -(away**2) / 2
        effective = _effective(fit)
        if effective >= min(ENOUGH, len(fit) / 4) or widened > WIDEST:
            fit[:] = fit if effective else 0  # where no replication gets there the site says nothing
            return Evidence(build.site.name, build.rule.archetype, len(dated), scores, fit, widened, effective)
        widened *= WIDER


def _scores(simulated: Simulated, quantities: Sequence[str]) -> Floats:
    """Replications by quantities; not a number where the scenario of the site has no such quantity."""
    names, count = drawn_names(simulated.build.network), len(simulated.draws)
    columns = [
        np.full(count, np.nan)
        if prior is None
        else (np.log(simulated.draws[:, names.index(name)]) - prior.mu) / prior.sigma
        for name, prior in zip(quantities, priors_of(simulated.build.network, quantities), strict=True)
    ]
    return np.column_stack(columns)


def _effective(logs: Floats) -> float:
    """How many equally weighted samples say as much as these, with the logarithms of their weights."""
    if not np.isfinite(logs.max()):
        return 0.0
    return float(np.exp(2 * special.logsumexp(logs) - special.logsumexp(2 * logs)))


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws of the means, spreads and offsets, with their weights."""

    quantities: tuple[str, ...]
    offsets: tuple[tuple[str, int], ...]
    """Which archetype has an offset of which quantity, by number."""
    evidence: tuple[Evidence, ...]
    draws: Floats
    """Draws by parameters: means and logarithms of spreads by quantity, offsets."""
    logs: Floats
    """Draws by sites: the logarithm of how likely the dates of each site are."""
    prior: Floats
    """The logarithm of the prior over that of the density from which each was drawn."""

    def weights(self, without: str = "") -> Floats:
        """The weight of each draw; as if one site had not been seen, if it is named."""
        kept = np.array([one.site != without for one in self.evidence])
        return np.asarray(special.softmax(self.prior + self.logs[:, kept].sum(axis=1)))

    def effective(self, without: str = "") -> float:
        """How many draws count."""
        return float(1 / np.square(self.weights(without)).sum())

    def means(self, archetype: str = "") -> Floats:
        """Draws by quantities: the mean score in an archetype; without one, of a site of any."""
        return _means(self.draws, len(self.quantities), self.offsets, archetype)

    @cached_property
    def spreads(self) -> Floats:
        """Draws by quantities: the standard deviation of scores."""
        return np.exp(self.draws[:, len(self.quantities) : 2 * len(self.quantities)])

    def resampled(self, evidence: Evidence, count: int) -> NDArray[np.int64]:
        """The replications of a site that stand for it once all other sites are known, some of them several times."""
        chosen = _systematic(self.weights(evidence.site), 100)
        means, spreads = self.means(evidence.archetype)[chosen], self.spreads[chosen]
        weights = special.softmax(_likelier(evidence.scores, means, spreads), axis=0).mean(axis=1)
        return _systematic(weights, count)


def _systematic(weights: Floats, count: int) -> NDArray[np.int64]:
    """So many numbers in proportion to their weights, evenly: as often as each deserves, give or take one."""
    return np.minimum(np.searchsorted(np.cumsum(weights), (np.arange(count) + 0.5) / count), len(weights) - 1)


def _likelier(scores: Floats, means: Floats, spreads: Floats) -> Floats:
    """The logarithm of how much likelier scores are than under the prior: replications by draws.

    Quantities that are not there say nothing.
    """
    there = ~np.isnan(scores[0])
    scores, means, narrow = scores[:, there], means[:, there], 1 / np.square(spreads[:, there])
    always = (np.log(narrow) - means**2 * narrow).sum(axis=1) / 2
    return np.asarray(scores**2 @ ((1 - narrow) / 2).T + scores @ (means * narrow).T + always)


def _means(draws: Floats, count: int, offsets: Sequence[tuple[str, int]], archetype: str) -> Floats:
    """Draws by quantities: the mean score in an archetype."""
    means = draws[:, :count].copy()
    for column, (name, number) in enumerate(offsets, start=2 * count):
        if name == archetype:
            means[:, number] += draws[:, column]
    return means


def _logs(evidence: Sequence[Evidence], offsets: Sequence[tuple[str, int]], draws: Floats) -> Floats:
    """Draws by sites: the logarithm of how likely the dates of each site are."""
    count = evidence[0].scores.shape[1]
    spreads, told = np.exp(draws[:, count : 2 * count]), []
    for one in evidence:
        likelier = _likelier(one.scores, _means(draws, count, offsets, one.archetype), spreads)
        weights = np.exp(likelier - likelier.max(axis=0))
        told.append(np.log(np.exp(one.fit - one.fit.max()) @ weights + TINY) - np.log(weights.sum(axis=0)))
    return np.column_stack(told)


def _offsets(evidence: Sequence[Evidence]) -> tuple[tuple[str, int], ...]:
    """Archetypes and quantities, by number, of those that several archetypes have."""
    there = {(one.archetype, int(number)) for one in evidence for number in np.flatnonzero(~np.isnan(one.scores[0]))}
    several = Counter(number for _, number in there)
    return tuple(sorted(pair for pair in there if several[pair[1]] > 1))


def posterior_of(evidence: Sequence[Evidence], quantities: Sequence[str], seed: int = 0) -> Posterior:
    """What all sites say together: draws from the prior, and anew from where the weighted ones lie, until enough count.

    Adaptive importance sampling (Cappé et al., Statistics and Computing 18 (2008) 447): draws come from a multivariate
    Student distribution with the mean and the covariance of those before, whose weights are first flattened until
    enough of them count.
    """
    offsets, count, random = _offsets(evidence), len(quantities), np.random.default_rng(seed)
    sizes = np.repeat([1.0, SPREAD, OFFSET], [count, count, len(offsets)])
    centre, shape, best = np.zeros(len(sizes)), np.diag(sizes**2), None
    for _ in range(ROUNDS):
        around = stats.multivariate_t(centre, shape, df=8, allow_singular=True, seed=random)
        draws = np.atleast_2d(around.rvs(DRAWS)).reshape(DRAWS, -1)
        prior = -np.square(draws / sizes).sum(axis=1) / 2 - around.logpdf(draws)
        made = Posterior(tuple(quantities), offsets, tuple(evidence), draws, _logs(evidence, offsets, draws), prior)
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


def left_out(
    simulated: Sequence[Simulated], quantities: Sequence[str], seed: int
) -> tuple[dict[str, NDArray[np.int64]], float]:
    """The replications that stand for each site once all others are known, and how many draws count at least."""
    evidence = [evidence_of(one, quantities) for one in simulated]
    posterior = posterior_of(evidence, quantities, seed)
    chosen = {one.site: posterior.resampled(one, len(one.fit)) for one in evidence}
    return chosen, min(posterior.effective(one.site) for one in evidence)
