"""Commands that simulate and answer a question, with the options that each does not share."""

from os import cpu_count
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dcsim.cli.app import Builds, settings
from dcsim.cli.question import Answer, question

if TYPE_CHECKING:
    from dcsim.scenario.schema import Scenario
    from dcsim.study.result import Result


@question("sampling engine")
def run(
    scenario: "Scenario",
    *,
    seed: Annotated[int | None, typer.Option(min=0, metavar="N", help="Random seed; default: 0.")] = None,
    replication: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which replication of this seed; default: 0.")
    ] = None,
    expected: Annotated[
        bool, typer.Option("--expected", help="Use the mean of every quantity and the likelier outcome of every risk.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw a picture: .png, .svg or .pdf.")] = None,
    sampling: str,
    engine: str,
    **shared: Any,
) -> Answer:
    """Simulate once: milestone dates, what the project waited for, what is stuck."""
    from dcsim.study.run import simulate

    if expected and (seed is not None or replication is not None or sampling != "random"):
        raise typer.BadParameter("--expected draws nothing at random: leave out --seed, --replication and --sampling")
    begin = perf_counter()
    done = simulate(
        scenario, seed=seed or 0, replication=replication or 0, expected=expected, sampling=sampling, engine=engine
    )
    spent = f"{perf_counter() - begin:.1f} s, {done.engine} engine"
    picture = () if plot is None else (f"picture saved in {done.picture(plot)}",)
    return Answer(done, notes=(spent, *picture))


@question("seen seed workers engine sampling")
def replicate(
    scenario: "Scenario",
    *,
    n: Annotated[
        int,
        typer.Option(
            "-n", min=1, metavar="N", help="How many replications, such as 1000; with --until-precise, the most."
        ),
    ],
    until_precise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PRECISION", help="Stop at this precision: `online_100k.p80 within 1 d`; may be repeated."
        ),
    ] = None,
    explain: Annotated[
        list[str] | None,
        typer.Option("--explain", metavar="NAME", help="Keep the driving chains of this milestone; may be repeated."),
    ] = None,
    resume: bool,
    **shared: Any,
) -> Answer:
    """Simulate many times: P10, P50 and P80 of each milestone, and the chance of its target."""
    from dcsim import api

    begin = perf_counter()
    done = api.replicate(scenario, n, until_precise=until_precise or (), explain=explain or (), resume=resume, **shared)
    seconds = perf_counter() - begin
    speed = f"{done.n / max(seconds, 1e-9):,.3g} replications per second"
    return Answer(done, notes=(f"{seconds:.1f} s, {speed}, {done.engine} engine",))


@question("seen milestone n seed workers engine sampling")
def explain(
    scenario: "Scenario",
    *,
    replication: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="The replication whose chain is printed; default: the one nearest to the median."
        ),
    ] = None,
    expected: Annotated[
        bool, typer.Option("--expected", help="Print the driving chain of the run with expected values.")
    ] = False,
    **shared: Any,
) -> "Result":
    """Explain the date of a milestone: its driving chain and what is critical."""
    from dcsim.study.explain import TYPICAL, explain

    if expected and replication is not None:
        raise typer.BadParameter("choose one chain: --replication or --expected")
    chain_of = None if expected else (TYPICAL if replication is None else replication)
    return explain(scenario, replication=chain_of, **shared)


@question("seen milestones outcome party n seed workers engine sampling")
def compare(
    scenario: "Scenario",
    *,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHANGE",
            help="Variants, options, risks to mitigate, PATH=VALUE, or files; default: all variants.",
        ),
    ] = None,
    limit: float,
    **shared: Any,
) -> "Result":
    """Compare variants or scenarios, with the same random numbers: what changes, and why."""
    from dcsim import api
    from dcsim.study.compare import compare

    files = (".yaml", ".yml")
    alternatives = [
        api.load(change, limit=limit) if Path(change).suffix in files else change for change in changes or ()
    ]
    return compare(scenario, *alternatives, **shared)


@question("seen seed workers engine")
def delay_cost(
    scenario: "Scenario",
    *,
    supply: Annotated[
        str, typer.Option("--supply", metavar="NAME", help="The counter (a supply) whose units come late.")
    ],
    target: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="A plan with columns `date,amount`; default: the run in which nothing waits."),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(metavar="MONEY", help="The value of a unit per hour: `4 USD`; default: its `hourly_value`."),
    ] = None,
    n: Builds = 32,
    expected: Annotated[bool, typer.Option("--expected", help="One run with expected values.")] = False,
    **shared: Any,
) -> "Result":
    """Show what waiting costs: GPU-days lost, their causes and their price."""
    from dcsim.study.delay_cost import delay_cost

    return delay_cost(scenario, supply=supply, target=target, price=price, n=n, expected=expected, **shared)


@question("seen n seed workers engine")
def finance(
    scenario: "Scenario",
    *,
    party: Annotated[
        str | None, typer.Option(metavar="NAME", help="The party to report; default: all parties together.")
    ] = None,
    milestone: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The milestone of date and budget; default: the last with a target."),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The date to meet with the budget; default: the milestone's target."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="MONEY", help="The budget: print the chance of meeting date and budget together."),
    ] = None,
    expected: Annotated[bool, typer.Option("--expected", help="One run with expected values.")] = False,
    **shared: Any,
) -> "Result":
    """Compute the money: statements, funding gap, NPV, IRR, payback, debt cover."""
    from dcsim.study.finance import finance

    return finance(scenario, party=party, milestone=milestone, date=date, budget=budget, expected=expected, **shared)


@question("milestone outcome party seed workers engine")
def drivers(
    scenario: "Scenario",
    *,
    n: Annotated[
        int, typer.Option("-n", min=1, metavar="N", help="Sample points, a power of two; more give finer indices.")
    ] = 512,
    resume: bool,
    **shared: Any,
) -> "Result":
    """Rank the uncertain inputs by how far they move a milestone."""
    from dcsim.study.drivers import drivers

    return drivers(scenario, n=n, resume=resume, **shared)


@question("milestones workers engine", doing="trying")
def assumptions(
    scenario: "Scenario",
    *,
    all_: Annotated[bool, typer.Option("--all", help="Print every assumption that moves a milestone.")] = False,
    resume: bool,
    **shared: Any,
) -> Answer:
    """Move each assumption to its low and its high value and show how the dates move."""
    from dcsim.study.assumptions import MOST_SHOWN, are_many, assumptions
    from dcsim.study.processes import processes

    workers = shared.pop("workers") or (cpu_count() if are_many(scenario) else 1)
    with processes(shared.pop("executor"), workers) as executor:
        result = assumptions(scenario, resume=resume, executor=executor, **shared)
    return Answer(result, result.report(most=None if all_ else MOST_SHOWN))


@question("seen milestones outcome party seed workers engine")
def sweep(
    scenario: "Scenario",
    *,
    over: Annotated[
        list[str],
        typer.Option(
            "--over",
            metavar="PATH=VALUES",
            help="The values to try: `4..16`, `4..16..3`, `0.2:0.4:5` or `30 d,45 d`; may be repeated.",
        ),
    ],
    n: Builds = 200,
    samples: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="Try K points of a Latin hypercube instead of all combinations."),
    ] = None,
    resume: bool,
    **shared: Any,
) -> "Result":
    """Try many values of some inputs, with the same random numbers; show how milestones move."""
    from dcsim.study.sweep import sweep

    values = settings(over, "--over", "resources.crews.count=4..16")
    return sweep(scenario, values, n=n, samples=samples, resume=resume, **shared)


@question("seen milestone n seed workers engine", name="order-by", doing="moving orders")
def latest_orders(
    scenario: "Scenario",
    *,
    date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="The date or minute to meet; default: the target of the milestone."),
    ] = None,
    confidence: Annotated[float, typer.Option(metavar="SHARE", help="The probability to meet it with.")] = 0.8,
    points: Annotated[
        float,
        typer.Option(
            metavar="N", help="If the confidence is out of reach: how many percentage points an order may cost."
        ),
    ] = 5,
    orders: Annotated[
        list[str] | None,
        typer.Option(
            "--order", metavar="NAME", help="An order, such as `transformers.main`; may be repeated. Default: all."
        ),
    ] = None,
    resume: bool,
    **shared: Any,
) -> "Result":
    """Find the latest date to place each order so that a milestone stays likely enough."""
    from dcsim.study.orders import latest_orders

    named = tuple(orders or ())
    return latest_orders(
        scenario, date=date, confidence=confidence, points=points, orders=named, resume=resume, **shared
    )


@question("seen milestone outcome party n seed workers engine", doing="weighing")
def mitigate(
    scenario: "Scenario",
    *,
    budget: Annotated[
        str | None, typer.Option(metavar="MONEY", help="Find the best set of measures within this budget: `50M USD`.")
    ] = None,
    resume: bool,
    **shared: Any,
) -> "Result":
    """Rank mitigations and options by what they gain for their cost; find the best set within a budget."""
    from dcsim.study.mitigate import mitigate

    return mitigate(scenario, budget=budget, resume=resume, **shared)


@question("seen seed workers engine")
def promise(
    scenario: "Scenario",
    *,
    what: Annotated[
        str,
        typer.Argument(
            metavar="PROMISE", help="`MILESTONE by DATE`, or an amount of a supply: `usable 100_000 by 2026-12-31`."
        ),
    ],
    n: Builds = 500,
    **shared: Any,
) -> "Result":
    """Estimate how likely an announced date is to be kept, what would have to be true, and what raises the chance."""
    from dcsim.study.promise import promise

    return promise(scenario, what, n=n, **shared)
