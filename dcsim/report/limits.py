"""What dcsim leaves out of every scenario, said where results are read; the README says the same."""

LIMITS = (
    "No planner: waiting activities start by priority, ready time and the order of the file. dcsim does not optimise. "
    "A shorter activity can delay the end.",
    "No changes of design and no faults found late: only tests with repair, and nothing after acceptance.",
    "No markets: crews are counts, ramps and a shared factor, without overtime, fatigue or wages; other buyers are a "
    "share of production or a risk. Money follows the schedule and does not delay it; the costs of mitigation are "
    "only listed.",
    "Weather is a risk with a window. There is no daylight saving time; holidays are those of a country or state, as "
    "far as they are known.",
    "Draws are independent except for shared factors, risks and correlations. Expected values are too early where "
    "paths merge.",
)
"""Sentences that hold for every scenario."""
