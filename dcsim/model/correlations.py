"""Correlations as the engines draw them: the parts of which each correlated score is made."""

from math import sqrt

from dcsim.correlations import NOTHING, among_places, triangle
from dcsim.network import Mixture, Score
from dcsim.places import SITE, Places
from dcsim.scenario.correlated import Together, together
from dcsim.scenario.schema import Scenario


def mixtures(scenario: Scenario, places: Places) -> dict[str, Mixture]:
    """All draws that follow others; the first of those that move together stays as it is."""
    mixed = {}
    for components in together(scenario, places):
        weights = triangle(components.signed)
        shares = [among_place.share for among_place in among_places(weights, components.among)]
        for k, drawn in enumerate(components.drawn):
            scores = [score for j in range(k + 1) for score in _scores(components, j, float(weights[k, j]), shares[j])]
            scores = [score for score in scores if abs(score.weight) > NOTHING]
            if [score.name for score in scores] != [drawn.name]:
                mixed[drawn.name] = Mixture(drawn.level, tuple(scores))
    return mixed


def _scores(components: Together, number: int, weight: float, share: float) -> list[Score]:
    """The score of one input: of its place, and what all its places share."""
    name, level, _ = components.drawn[number]
    if level == SITE:
        return [Score(weight, name, level)]
    return [Score(weight * sqrt(1 - share), name, level), Score(weight * sqrt(share), f"correlations.{name}", SITE)]
