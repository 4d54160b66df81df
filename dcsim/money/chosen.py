"""What was chosen to be done, options and mitigations, costs the project what it says it costs."""

from dcsim.errors import RequestError
from dcsim.scenario.finance import Cost, Finance
from dcsim.scenario.prices import Path
from dcsim.scenario.schema import Scenario
from dcsim.scenario.values import Uncertain


def with_chosen(scenario: Scenario, finance: Finance) -> Finance:
    """The finance of a scenario with the costs of its applied options and mitigations, paid by the first party at the
    start.

    Raises
    ------
    RequestError
        One of them costs money in another currency.
    """
    layers = scenario.document
    said = [(name, f"option {name}", scenario.options[name].cost) for name in layers.options]
    for name in layers.mitigated:
        mitigation = scenario.risks[name].mitigation
        said.append((name, f"mitigation {name}", mitigation.cost if mitigation is not None else None))
    costs = dict(finance.costs)
    for name, what, sum_ in said:
        if sum_ is None:
            continue
        if sum_.currency != finance.currency:
            raise RequestError(f"the cost of '{name}' is in {sum_.currency}: write all amounts in {finance.currency}")
        price = Path(((None, Uncertain("fixed", (sum_.amount,))),), sum_.currency)
        costs[what] = Cost.model_construct(price=price, date=scenario.start, by=finance.party(None))
    return finance.model_copy(update={"costs": costs})
