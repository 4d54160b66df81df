"""How a function becomes a command that asks a question: shared options, progress, and the way to a printed result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from dcsim.budget import LIMIT
from dcsim.cli.app import (
    AsOf,
    Builds,
    Cluster,
    Engine,
    Limit,
    MaybeMilestone,
    Milestone,
    Milestones,
    Mitigations,
    Options,
    Out,
    OutcomeName,
    Overwrite,
    Party,
    Resume,
    Sampling,
    ScenarioFile,
    Seed,
    Seen,
    Settings,
    Site,
    Variants,
    Workers,
    app,
    check_folder,
    opened,
)
from dcsim.cli.cluster import cluster
from dcsim.cli.terminal import AsCsv, AsJson, in_folder, progress, tell
from dcsim.errors import ClusterError

if TYPE_CHECKING:
    from dcsim.document.report import Report
    from dcsim.study.result import Result


class Answer(NamedTuple):
    """A result, with a report or notes to print if they differ from the result's own."""

    result: "Result"
    report: "Report | None" = None
    notes: tuple[str, ...] = ()
    """Lines to print after the report."""


_LAYERS = {"variant": Variants, "set_": Settings, "option": Options, "mitigate": Mitigations, "site": Site}
_SEEN = {"seen": Seen, "as_of": AsOf}
"""Options of a question that can use sightings; its shared options then include `seen`."""
_SHARED: dict[str, tuple[Any, Any]] = {
    "milestone": (Milestone, Parameter.empty),
    "milestones": (Milestones, None),
    "outcome": (OutcomeName, None),
    "party": (Party, None),
    "n": (Builds, 256),
    "seed": (Seed, 0),
    "workers": (Workers, None),
    "engine": (Engine, "auto"),
    "sampling": (Sampling, "random"),
}
"""Options that several questions share, by the parameter of the answering function, with their defaults."""

_ABOUT = ("milestone", "milestones", "outcome", "party")
"""Those that say what is asked about; they stand first."""
_GIVEN = ("out", "resume", "limit", "progress")
"""Parameters of a function that are not options of this question alone."""

Body = Callable[..., "Result | Answer"]


def question(shared: str, *, name: str | None = None, doing: str = "simulating") -> Callable[[Body], Body]:
    """Make a command from a function that answers one question.

    The function takes a `scenario`, or a subject of another name as it stands on the command line. Its keywords are its
    own options, the shared ones, an `executor` beside `workers`, and `progress`. It returns a result, which the command
    keeps and prints. One that names `resume` takes `out` and `overwrite` too, and keeps its result itself; one that
    names `limit` takes the memory that may be used.

    Parameters
    ----------
    shared
        The shared options that it takes.
    name
        The name of the command, if it differs from the name of the function.
    doing
        The text of the progress bar.
    """

    def add(body: Body) -> Body:
        subject, *taken = signature(body).parameters.values()
        own = [option for option in taken if _is_own(option, shared)]
        names, opens = {option.name for option in taken}, subject.name == "scenario"
        keeps, layers = "resume" in names, _LAYERS | (_SEEN if "seen" in shared.split() else {})
        if opens:
            subject = _option("scenario", ScenarioFile)
        parameters = list(_parameters(subject, own, shared.split(), layers if opens else {}, keeps))

        def command(out: Path | None, overwrite: bool, **asked: Any) -> None:
            from dcsim.study.campaign import clear

            as_json, as_csv, about = asked.pop("as_json"), asked.pop("as_csv"), asked.pop(subject.name)
            if opens:
                limit = asked.pop("limit")
                about = opened(about, limit=limit, **{layer: asked.pop(layer) for layer in layers})
                asked |= {"limit": limit} if "limit" in names else {}
            if "milestones" in asked:
                asked["milestones"] = asked["milestones"] or ()
            check_folder(out, overwrite, asked.get("resume", False))
            asked |= {"out": out, "overwrite": overwrite} if keeps else {}
            with progress(doing) as show, cluster(asked.pop("cluster", None), asked.get("workers")) as fleet:
                asked |= {"executor": fleet} if "workers" in asked else {}
                with _stoppable(out if keeps else None):
                    outcome = body(about, **asked, progress=show)
            answer = outcome if isinstance(outcome, Answer) else Answer(outcome)
            written = [*answer.notes, *(in_folder(out) if keeps else ())]
            if overwrite and out is not None and not keeps:
                clear(out)
            tell(answer.result, None if keeps else out, as_json, as_csv, *written, report=answer.report)

        command.__doc__ = body.__doc__
        command.__annotations__ = {option.name: option.annotation for option in parameters}
        command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        app.command(name or body.__name__.replace("_", "-"))(command)
        return body

    return add


def _is_own(option: Parameter, shared: str) -> bool:
    """Whether a parameter is an option of this question alone."""
    return option.kind is Parameter.KEYWORD_ONLY and option.name not in (*_GIVEN, *shared.split())


def _parameters(
    subject: Parameter, own: list[Parameter], shared: list[str], layers: dict[str, Any], keeps: bool
) -> Iterator[Parameter]:
    """The parameters of the command: subject, milestone, its own options, and those of every question."""
    about = [option for option in shared if option in _ABOUT]
    yield subject
    for option in about:
        annotation, default = _SHARED[option]
        optional = option == "milestone" and "outcome" in about
        yield _option(option, MaybeMilestone if optional else annotation, None if optional else default)
    yield from own
    yield from (_option(option, *_SHARED[option]) for option in shared if option not in (*about, "seen"))
    if "workers" in shared:
        yield _option("cluster", Cluster, None)
    yield from (_option(layer, annotation, None) for layer, annotation in layers.items())
    if layers:
        yield _option("limit", Limit, LIMIT)
    yield _option("out", Out, None)
    yield _option("overwrite", Overwrite, False)
    if keeps:
        yield _option("resume", Resume, False)
    yield _option("as_json", AsJson, False)
    yield _option("as_csv", AsCsv, False)


def _option(name: str, annotation: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


@contextmanager
def _stoppable(out: Path | None) -> Iterator[None]:
    """If a question that saves its progress is stopped, by the user or by its cluster, print how to continue."""
    try:
        yield
    except (KeyboardInterrupt, ClusterError):
        if out is not None:
            kept = f"the finished part is kept in {out}; run the same command with --resume to continue"
            typer.echo(kept if any(out.glob("parts/*.part")) else "no part was finished: nothing is kept", err=True)
        raise
