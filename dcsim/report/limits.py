"""What a report does not model, in the words of the README."""

LIMITS = (
    "No planner: waiting activities start by priority, ready time and the order of the file. dcsim does not optimise. "
    "A shorter activity can delay the end.",
    "No changes of design and no faults found late: only tests with repair, and nothing after acceptance.",
    "No markets: crews are counts, ramps and a shared factor, without overtime, fatigue or wages; other buyers are a "
    "share of production or a risk. Money delays work only with `cash: limited`.",
    "Weather is a risk with a window. Draws are independent except for shared factors, risks and correlations. There "
    "is no daylight saving time; holidays are those of a country or state, as far as they are known; `check` warns of "
    "other years.",
)
"""Sentences that hold for every scenario."""
