"""What a demand lacked, and who gave it back, produced or delivered it.

The functions marked `fast` read and write arrays only: compiled where numba is there, the same in Python where not.
"""

from dcsim.chain.gates import ROUNDS, Past, came, demand_met, last_at_most, mode_of
from dcsim.engine.jit import fast
from dcsim.engine.lookup import chosen
from dcsim.engine.tables import Plan, RunRecord, i64
from dcsim.trace import NOT


@fast
def bundle_of(plan: Plan, instance: int) -> int:
    """The bundle that an instance produces."""
    return int(plan.group[plan.node[instance].group].bundle)


@fast
def passes(story: RunRecord, settled: int) -> bool:
    """Whether this was the attempt of its activity that passed."""
    instance, row = story.settled[settled].instance, story.settled[settled].row
    return row < 0 or (row == story.node[instance].row and story.node[instance].finish != NOT)


@fast
def shortage(story: RunRecord, demand: int, tick: int) -> int:
    """What a queue was recorded to lack in the minute before a tick; -1 if nothing."""
    low, high = 0, len(story.shortage)
    while low < high:
        middle = (low + high) >> 1
        ends = story.shortage[middle].ends
        if 0 <= ends < tick:
            low = middle + 1
        else:
            high = middle
    for k in range(low, len(story.shortage)):
        if story.shortage[k].demand == demand and story.shortage[k].begins < tick:
            return k
    return NOT


@fast
def gives_back(past: Past, settled: int, demand: int, cause: int) -> bool:
    """Whether a piece of work gave back what a demand lacked."""
    plan, instance, row = past.plan, past.story.settled[settled].instance, past.story.settled[settled].row
    given, mode = demand_met(past, instance, row), i64(mode_of(past.story, instance, row))
    last = i64(plan.demand[given + 1].first_requirement) - 1
    for back in range(last + 1 - i64(plan.demand[given].first_requirement)):
        alternative, mode = chosen(plan.requirement, last - back, mode)
        for k in range(plan.alternative[alternative].first_claim, plan.alternative[alternative + 1].first_claim):
            if requires(plan, demand, cause, plan.claim[k].what):
                return True
    return False


@fast
def requires(plan: Plan, demand: int, cause: int, resource: int) -> bool:
    """Whether a demand requires this resource under a cause."""
    for r in range(plan.demand[demand].first_requirement, plan.demand[demand + 1].first_requirement):
        if plan.requirement[r].cause == cause:
            first = plan.alternative[plan.requirement[r].first_alternative].first_claim
            for k in range(first, plan.alternative[plan.requirement[r + 1].first_alternative].first_claim):
                if plan.claim[k].what == resource:
                    return True
    return False


@fast
def consumes(plan: Plan, demand: int, cause: int, stock: int) -> bool:
    """Whether a demand consumes of this stock under a cause."""
    for k in range(plan.demand[demand].first_take, plan.demand[demand + 1].first_need):
        if plan.need[k].what == len(plan.resource_calendar) + stock and plan.stock[stock].cause == cause:
            return True
    return False


@fast
def produces(past: Past, settled: int, demand: int, cause: int) -> bool:
    """Whether a piece of work produced what a demand lacked."""
    if not passes(past.story, settled):
        return False
    plan, bundle = past.plan, bundle_of(past.plan, past.story.settled[settled].instance)
    for k in range(plan.bundle[bundle], plan.bundle[bundle + 1]):
        if plan.take[k].amount > 0 and consumes(plan, demand, cause, i64(plan.take[k].what)):
            return True
    return False


@fast
def is_required(plan: Plan, demand: int, cause: int) -> bool:
    """Whether a demand names this among what it requires, rather than among what it consumes."""
    for r in range(plan.demand[demand].first_requirement, plan.demand[demand + 1].first_requirement):
        if plan.requirement[r].cause == cause:
            return True
    return False


@fast
def giver(past: Past, demand: int, cause: int, tick: int, latest: int) -> int:
    """The last piece of work to settle at a tick, until a round, that gave back or produced what was lacking: within
    a round they settle in the order of their numbers."""
    settled, required, by = past.story.settled, is_required(past.plan, demand, cause), NOT
    k = last_at_most(settled, tick)
    while k >= 0 and settled[k].tick == tick and (by == NOT or settled[k].round_ == settled[by].round_):
        if settled[k].round_ <= latest and (by == NOT or settled[k].instance > settled[by].instance):
            if gives_back(past, k, demand, cause) if required else produces(past, k, demand, cause):
                by = k
        k -= 1
    return by


@fast
def delivered(past: Past, demand: int, cause: int, tick: int, latest: int) -> int:
    """The last delivery at a tick, until a round, of what was lacking."""
    delivery = past.story.delivery
    k = last_at_most(delivery, tick)
    while k >= 0 and delivery[k].tick == tick:
        comes = delivery[k].amount > 0 and consumes(past.plan, demand, cause, delivery[k].stock)
        if comes and came(past, k) & (2**ROUNDS - 1) <= latest:
            return k
        k -= 1
    return NOT
