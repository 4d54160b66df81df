"""Correlations as the engines draw them: the parts of which each correlated score is made."""

from math import sqrt

from dcsim.correlations import NOTHING, among_places, triangle
from dcsim.network import Mixture, Score
from dcsim.places import SITE, Places
from dcsim.scenario.correlated import Together, together
from dcsim.scenario.schema import Scenario


def mixtures(scenario: Scenario, places: Places) -> dict[str, Mixture]:
    """All draws that follow others; the first of those that move together stays as it is."""
    found = {}
    for some in together(scenario, places):
        weights = triangle(some.signed)
        shares = [one.share for one in among_places(weights, some.among)]
        for k, one in enumerate(some.drawn):
            scores = [score for j in range(k + 1) for score in _scores(some, j, float(weights[k, j]), shares[j])]
            scores = [score for score in scores if abs(score.weight) > NOTHING]
            if [score.name for score in scores] != [one.name]:
                found[one.name] = Mixture(one.level, tuple(scores))
    return found


def _scores(some: Together, number: int, weight: float, share: float) -> list[Score]:
    """The score of one input: of its place, and what all its places share."""
    name, level, _ = some.drawn[number]
    if level == SITE:
        return [Score(weight, name, level)]
    return [Score(weight * sqrt(1 - share), name, level), Score(weight * sqrt(share), f"correlations.{name}", SITE)]
