"""Commands that simulate and answer a question; what each takes beside the shared options."""

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
    seed: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="The same seed gives the same build. 0 if not given.")
    ] = None,
    replication: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Which of the builds of this seed. 0 if not given.")
    ] = None,
    expected: Annotated[
        bool, typer.Option("--expected", help="Every quantity at its mean, every risk at its likelier outcome.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="A picture: .png, .svg or .pdf.")] = None,
    sampling: str,
    engine: str,
    **shared: Any,
) -> Answer:
    """Simulate once: the milestones, what the project waited for, and what is stuck."""
    from dcsim.study.run import simulate

    if expected and (seed is not None or replication is not None or sampling != "random"):
        raise typer.BadParameter("expected values are not drawn: leave out --seed, --replication and --sampling")
    begin = perf_counter()
    done = simulate(
        scenario, seed=seed or 0, replication=replication or 0, expected=expected, sampling=sampling, engine=engine
    )
    spent = f"{perf_counter() - begin:.1f} s, {done.engine} engine"
    picture = () if plot is None else (f"picture in {done.picture(plot)}",)
    return Answer(done, notes=(spent, *picture))


@question("seen seed workers engine sampling")
def replicate(
    scenario: "Scenario",
    *,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many builds; at most, with --until-precise.")],
    until_precise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WISH", help="Stop when this is known so well: `online_100k.p80 within 1 d`; may be repeated."
        ),
    ] = None,
    explain: Annotated[
        list[str] | None,
        typer.Option("--explain", metavar="NAME", help="A milestone whose driving chains are kept; may be repeated."),
    ] = None,
    resume: bool,
    **shared: Any,
) -> Answer:
    """Simulate many times: how likely each milestone is, by date, and what it waited for."""
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
        typer.Option(min=0, metavar="N", help="Whose chain is told. That nearest to the median if not given."),
    ] = None,
    expected: Annotated[
        bool, typer.Option("--expected", help="Tell the chain of the build with expected values.")
    ] = False,
    **shared: Any,
) -> "Result":
    """Explain the date of a milestone: its driving chain, and what is critical."""
    from dcsim.study.explain import TYPICAL, explain

    if expected and replication is not None:
        raise typer.BadParameter("tell one chain: that of --replication, or that with --expected values")
    told = None if expected else (TYPICAL if replication is None else replication)
    return explain(scenario, replication=told, **shared)


@question("seen milestones n seed workers engine sampling")
def compare(
    scenario: "Scenario",
    *,
    changes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CHANGE",
            help="Variants, options, risks to mitigate, PATH=VALUE, or files; all its variants if not given.",
        ),
    ] = None,
    limit: float,
    **shared: Any,
) -> "Result":
    """Compare variants or scenarios, with the same random numbers: what changes, and why."""
    from dcsim import api
    from dcsim.study.compare import compare

    files = (".yaml", ".yml")
    others = [api.load(change, limit=limit) if Path(change).suffix in files else change for change in changes or ()]
    return compare(scenario, *others, **shared)


@question("seen seed engine")
def delay_cost(
    scenario: "Scenario",
    *,
    supply: Annotated[str, typer.Option("--supply", metavar="NAME", help="The counter whose units come too late.")],
    target: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="A plan to compare with: `date,amount`. Else the build in which nothing waits."
        ),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(metavar="MONEY", help="What a unit is worth an hour: `4 USD`; else its `hourly_value`."),
    ] = None,
    n: Builds = 32,
    expected: Annotated[bool, typer.Option("--expected", help="One build, with expected values.")] = False,
    **shared: Any,
) -> "Result":
    """Show what waiting costs: GPU-days lost, their causes and their price."""
    from dcsim.study.delay_cost import delay_cost

    return delay_cost(scenario, supply=supply, target=target, price=price, n=n, expected=expected, **shared)


@question("n seed workers engine")
def finance(
    scenario: "Scenario",
    *,
    party: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose figures; those of all parties together if not given.")
    ] = None,
    expected: Annotated[bool, typer.Option("--expected", help="One build, with expected values.")] = False,
    **shared: Any,
) -> "Result":
    """Carry builds through to cash: statements, funding gap, NPV, IRR, payback, cover of debt."""
    from dcsim.study.finance import finance

    return finance(scenario, party=party, expected=expected, **shared)


@question("milestone seed workers engine")
def drivers(
    scenario: "Scenario",
    *,
    n: Annotated[
        int, typer.Option("-n", min=1, metavar="N", help="Points for the indices, a power of two; more tell finer.")
    ] = 512,
    **shared: Any,
) -> "Result":
    """Rank the uncertain inputs of a milestone by the days that they move it."""
    from dcsim.study.drivers import drivers

    return drivers(scenario, n=n, **shared)


@question("milestones engine", doing="trying")
def assumptions(
    scenario: "Scenario",
    *,
    all_: Annotated[bool, typer.Option("--all", help="Print every assumption that moves a milestone.")] = False,
    **shared: Any,
) -> Answer:
    """Move each assumption to its low and its high value: what the dates do."""
    from dcsim.study.assumptions import MOST_SHOWN, assumptions

    result = assumptions(scenario, **shared)
    return Answer(result, result.report(most=None if all_ else MOST_SHOWN))


@question("seen milestones seed workers engine")
def sweep(
    scenario: "Scenario",
    *,
    over: Annotated[
        list[str],
        typer.Option(
            "--over", metavar="PATH=VALUES", help="`4..16`, `4..16..3`, `0.2:0.4:5` or `30 d,45 d`; may be repeated."
        ),
    ],
    n: Builds = 200,
    samples: Annotated[
        int | None,
        typer.Option(min=1, metavar="K", help="K points of a Latin hypercube over the ranges, not all combinations."),
    ] = None,
    resume: bool,
    **shared: Any,
) -> "Result":
    """Try many values of some inputs, with the same random numbers: how the milestones move."""
    from dcsim.study.sweep import sweep

    values = settings(over, "--over", "resources.crews.count=4..16")
    return sweep(scenario, values, n=n, samples=samples, resume=resume, **shared)


@question("seen milestone n seed workers engine", name="order-by", doing="moving orders")
def latest_orders(
    scenario: "Scenario",
    *,
    date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="By the end of which day, or by which minute; its target if not given."),
    ] = None,
    confidence: Annotated[float, typer.Option(metavar="SHARE", help="With which probability.")] = 0.8,
    points: Annotated[
        float,
        typer.Option(metavar="N", help="Where that is out of reach: how many points of probability a date may cost."),
    ] = 5,
    **shared: Any,
) -> "Result":
    """Find the latest date of each order at which a milestone stays likely enough."""
    from dcsim.study.orders import latest_orders

    return latest_orders(scenario, date=date, confidence=confidence, points=points, **shared)


@question("milestone n seed workers engine", doing="weighing")
def mitigate(
    scenario: "Scenario",
    *,
    budget: Annotated[
        str | None, typer.Option(metavar="MONEY", help="`50M USD`: the best set of measures within it is sought.")
    ] = None,
    **shared: Any,
) -> "Result":
    """Rank mitigations and options by days for the money; find the best set within a budget."""
    from dcsim.study.mitigate import mitigate

    return mitigate(scenario, budget=budget, **shared)
