"""What dcsim does, in Python: load a scenario, check it, simulate it once or many times, and read the result as tables.

Questions about many replications (why, what if, which) are in `dcsim.study`, one module for each question; the command
line uses the same words.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from dcsim.budget import LIMIT
from dcsim.errors import Problem, RequestError, ScenarioError
from dcsim.scenario.load import changed
from dcsim.scenario.load import load as load_scenario
from dcsim.scenario.schema import Scenario
from dcsim.study.cash import network_of
from dcsim.suggest import shorten

if TYPE_CHECKING:
    from dcsim.study.replications import Replications


def load(
    path: str | Path | Mapping[str, Any],
    *,
    variants: Sequence[str] = (),
    overrides: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
    mitigate: Sequence[str] = (),
    root: str | Path | None = None,
    limit: float = LIMIT,
    site: str | None = None,
) -> Scenario:
    """Read a scenario and refuse what cannot be simulated.

    Parameters
    ----------
    path
        The YAML file, `-` for standard input, or the same as a mapping.
    variants
        Variants of the file to apply, in this order.
    overrides
        Single values by dotted path, applied after the variants: `{"resources.rack_crews.count": 12}`.
    options
        Options of the file to take, in this order; their changes apply after those values.
    mitigate
        Risks whose mitigation is switched on.
    root
        The folder outside which nothing is read; that of the file if not given.
    limit
        GiB of memory that its simulation may take: a scenario that needs more is refused at the start.
    site
        The site of a portfolio to read without the others; it draws what it draws beside them.

    Raises
    ------
    ScenarioError
        With every problem found: file, line, path, what was found, what would be right.
    """
    folder = None if root is None else Path(root)
    with _keeping_all():
        scenario = load_scenario(path, variants, overrides or {}, mitigate, folder, options, limit, site)
        network_of(scenario)
    return scenario


Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def opening(
    function: Callable[Concatenate[Scenario, Arguments], Answer],
) -> Callable[Concatenate[Scenario | str | Path | Mapping[str, Any], Arguments], Answer]:
    """The same function, which also takes the path of a file, or a mapping, where it expects a scenario."""

    name = next(iter(signature(function).parameters))

    @wraps(function)
    def opened(*args: Any, **kwargs: Any) -> Answer:
        given = args[0] if args else kwargs.pop(name, None)
        scenario = load(given) if isinstance(given, str | Path | Mapping) else given
        if not isinstance(scenario, Scenario):
            raise RequestError(f"expected a scenario, the path of a file or a mapping, got {shorten(repr(given))}")
        return function(scenario, *args[1:], **kwargs)

    return opened


@contextmanager
def _keeping_all() -> Iterator[None]:
    """Loading makes no garbage: collecting it again and again would take longer than loading."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def check(
    path: str | Path | Mapping[str, Any],
    *,
    variants: Sequence[str] = (),
    root: str | Path | None = None,
    limit: float = LIMIT,
) -> Scenario:
    """Read a scenario and refuse what is wrong with it, or with any of its variants or options.

    `warnings` of the scenario lists what can be simulated but cannot work: supplies and resources that can
    never suffice, and other probable mistakes.

    Parameters
    ----------
    path
        The YAML file, or the same as a mapping.
    variants
        Variants to apply together; default: none, and each alone. Each option is checked alone.
    root
        The folder outside which nothing is read; that of the file if not given.
    limit
        GiB of memory that its simulation may take.

    Raises
    ------
    ScenarioError
        With every problem found.
    """
    scenario = load(path, variants=variants, root=root, limit=limit)
    problems: list[Problem] = []
    warnings = _warnings(scenario)
    layers = [("variant", name) for name in (() if variants else scenario.variants)]
    for kind, name in [*layers, *(("option", name) for name in scenario.options)]:
        layer: dict[str, Any] = {f"{kind}s": [name]}
        try:
            more = _warnings(changed(scenario, **layer))
        except ScenarioError as error:
            problems += [replace(problem, message=f"{problem.message} ({kind} {name})") for problem in error.problems]
        else:
            warnings += [
                replace(warning, message=f"{warning.message} ({kind} {name})")
                for warning in more
                if warning not in warnings and not warning.path.startswith(("variants.", "options."))
            ]
    if problems:
        raise ScenarioError(problems, scenario.document.name)
    scenario._warnings = tuple(warnings)
    return scenario


def _warnings(scenario: Scenario) -> list[Problem]:
    """All warnings about a scenario."""
    from dcsim.analysis.overrun import overrun
    from dcsim.analysis.sufficiency import too_little
    from dcsim.schedule.network import crews_kept

    network = network_of(scenario)
    more = (*too_little(network), *overrun(scenario, network), *crews_kept(scenario, network))
    return [*scenario.warnings, *(scenario.document.problem(*what) for what in more)]


def json_schema() -> str:
    """The scenario format as a JSON schema for completion and checks in an editor."""
    from dcsim.scenario.editor import json_schema

    return json_schema()


def replicate(
    scenario: Scenario,
    n: int,
    *,
    seed: int = 0,
    workers: int | None = None,
    executor: Executor | None = None,
    engine: str = "auto",
    sampling: str = "random",
    until_precise: Sequence[str] = (),
    at_least: int = 256,
    explain: Sequence[str] = (),
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    chunk: int = 64,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> "Replications":
    """Simulate a scenario many times; the result does not depend on engine, workers or chunks.

    Parameters
    ----------
    scenario
        From `load`.
    n, seed
        How many replications, or with `until_precise` how many at most. Replication k of a seed is the same for every
        `n`; `simulate(..., replication=k)` returns it in full.
    workers, executor
        Threads, the number of cores if not given (the reference engine uses one); or what runs replications instead,
        and stays open: a `ProcessPoolExecutor`, or `get_executor()` of a Dask client (`dcsim guide cluster`).
    engine
        `compiled`, `reference`, or `auto` (the faster).
    sampling
        `random`; or `lhs` or `sobol`, which spread factors, risks and other draws of the site evenly over blocks of
        64 replications (`n` is then a multiple of 64).
    until_precise, at_least
        Stop as soon as all of these have this precision: `online_100k.p80 within 1 d` (half the 95 % interval); and
        how many replications to run before the first check of it.
    explain
        Milestones whose driving chains are followed in every replication.
    out, resume, overwrite
        A folder for the finished part while it runs, and for the result; and whether to continue a run stopped there,
        or to delete the result there as soon as this one begins.
    chunk, progress
        How many replications are run and written together; called with the number done and the most there will be.

    Raises
    ------
    RequestError
        A number, sampling or precision makes no sense; it is a ValueError too.
    ResultError
        The folder belongs to something else, is in use, or cannot be written.
    ClusterError
        The executor's workers have another dcsim, or are lost; what `out` holds can be continued.
    """
    from dcsim.study.replicate import Working, replicate
    from dcsim.study.replications import Asked

    asked = Asked(n, tuple(until_precise), at_least, tuple(explain))
    working = Working(engine, workers, executor, chunk, None if out is None else Path(out), resume, overwrite)
    return replicate(scenario, network_of(scenario), seed, sampling, asked, working, progress)
