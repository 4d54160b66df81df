"""Simulate data-center buildouts: when the GPUs are online, with what probability, and what held them back.

>>> import dcsim
>>> scenario = dcsim.load("configs/minimal.yaml")  # or the path itself, wherever a scenario is expected
>>> dcsim.simulate(scenario, seed=0).milestones
>>> many = dcsim.replicate(scenario, 200)
>>> many.summary
>>> many.plot("histogram")
>>> many.save("many")
>>> dcsim.read("many").plot()
>>> dcsim.compare(scenario, scenario.with_({"resources.crews.count": 4})).differences

===============================  ===================================================
`load`, `check`                  read a scenario; list its errors and warnings
`import_schedule`                read a schedule of P6, Project, Excel or CSV
`simulate`, `replicate`          simulate once, or many times
`explain`, `drivers`             the driving chain of a milestone; the inputs that move it most
`assumptions`, `delay_cost`      what each assumption does to the dates; what waiting costs
`compare`, `sweep`               variants and values, with the same random numbers
`latest_orders`, `mitigate`      the latest dates of orders; the best measures within a budget
`promise`, `finance`             an announced date; costs, cash and loans
`backtest`, `calibrate`          forecasts of real sites, scored; values fitted to observed dates
`read`, `export`                 a saved result; files for other tools
===============================  ===================================================

Every question returns a `Result`: pandas tables as attributes, `summary`, `plot()`, `save(folder)` and `to_xarray()`.
`dcsim guide` on the command line explains the scenario format and the results. Who wants to change dcsim begins at
"Extending" in README.md; these are the packages, from the top:

* `cli`: the commands. `report`: pages, Markdown, workbooks and the terminal. `exchange`: P6, Project, Excel, CSV.
* `study`: a module for each question, with its function, tables, sentences and charts. `money`: finance.
* `analysis`, `chain`, `schedule`: what follows from a trace; the driving chain; the critical path method.
* `document`: reports and charts as data, and words: counts, dates, shares, colours. `charts`, `figures`: drawing them.
* `engine`: the reference engine on SimPy, the compiled engine, and random draws. `model`: a scenario as a network.
* `scenario`: the file format and its checks. `distributions.py`: every kind of distribution.
"""

from typing import TYPE_CHECKING, Any

from dcsim.errors import DcsimError, ScenarioError
from dcsim.scenario.needs import hand_down as _hand_down
from dcsim.version import __version__ as __version__

if TYPE_CHECKING:
    import dcsim.api as _api
    import dcsim.study.assumptions as _assumptions
    import dcsim.study.backtest as _backtest
    import dcsim.study.calibrate as _calibrate
    import dcsim.study.compare as _compare
    import dcsim.study.delay_cost as _delay_cost
    import dcsim.study.drivers as _drivers
    import dcsim.study.explain as _explain
    import dcsim.study.finance as _finance
    import dcsim.study.mitigate as _mitigate
    import dcsim.study.orders as _orders
    import dcsim.study.promise as _promise
    import dcsim.study.run as _run
    import dcsim.study.sweep as _sweep
    from dcsim.api import check, load
    from dcsim.exchange import import_schedule
    from dcsim.report.export import export
    from dcsim.study.store import read

    assumptions = _api.opening(_assumptions.assumptions)
    backtest = _backtest.backtest
    calibrate = _calibrate.calibrate
    compare = _api.opening(_compare.compare)
    drivers = _api.opening(_drivers.drivers)
    explain = _api.opening(_explain.explain)
    finance = _api.opening(_finance.finance)
    delay_cost = _api.opening(_delay_cost.delay_cost)
    mitigate = _api.opening(_mitigate.mitigate)
    latest_orders = _api.opening(_orders.latest_orders)
    promise = _api.opening(_promise.promise)
    replicate = _api.opening(_api.replicate)
    simulate = _api.opening(_run.simulate)
    sweep = _api.opening(_sweep.sweep)

__all__ = [
    "DcsimError",
    "ScenarioError",
    "assumptions",
    "backtest",
    "calibrate",
    "check",
    "compare",
    "delay_cost",
    "drivers",
    "explain",
    "export",
    "finance",
    "import_schedule",
    "latest_orders",
    "load",
    "mitigate",
    "promise",
    "read",
    "replicate",
    "simulate",
    "sweep",
]

QUESTIONS = {
    "promise": "dcsim.study.promise",
    "replications": "dcsim.study.forecast",
    "explanation": "dcsim.study.explain",
    "drivers": "dcsim.study.drivers",
    "assumptions": "dcsim.study.assumptions",
    "comparison": "dcsim.study.compare",
    "mitigations": "dcsim.study.mitigate",
    "sweep": "dcsim.study.sweep",
    "orders": "dcsim.study.orders",
    "delay_cost": "dcsim.study.delay_cost",
    "finance": "dcsim.study.finance",
    "backtest": "dcsim.study.backtest",
    "calibration": "dcsim.study.calibrate",
    "fit": "dcsim.study.fitting",
    "run": "dcsim.study.course",
}
"""The module of each kind of result, in the order of a page."""

_ELSEWHERE = {
    "check": "dcsim.api",
    "export": "dcsim.report.export",
    "import_schedule": "dcsim.exchange",
    "latest_orders": "dcsim.study.orders",
    "load": "dcsim.api",
    "read": "dcsim.study.store",
    "replicate": "dcsim.api",
    "simulate": "dcsim.study.run",
}
"""Where a public function is defined, if not in the module of its own name in `dcsim.study`."""

_TAKE_NO_SCENARIO = {"backtest", "calibrate", "check", "export", "import_schedule", "load", "read"}
"""All other functions take the path of a file or a mapping as well as a scenario."""


def _needs(scenario: Any, orders: Any) -> Any:
    """Scenarios are read in a room below those that run them, which this is handed down to."""
    from dcsim.study.needs import needs_of

    return needs_of(scenario, orders)


_hand_down(_needs)


def __getattr__(name: str) -> Any:
    """The public functions are imported when first used, so that `import dcsim` stays light."""
    if name in __all__:
        from importlib import import_module

        public = getattr(import_module(_ELSEWHERE.get(name, f"dcsim.study.{name}")), name)
        return public if name in _TAKE_NO_SCENARIO else import_module("dcsim.api").opening(public)
    called = {"run": "simulate", "order_by": "latest_orders"}.get(name)
    hint = f"; what `dcsim {name.replace('_', '-')}` does is `dcsim.{called}` in Python" if called else ""
    raise AttributeError(f"module 'dcsim' has no attribute '{name}'{hint}")


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__version__"]
