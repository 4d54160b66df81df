"""Replications on other machines: the same bytes as here, whoever is lost; workers of another dcsim are refused."""

import logging
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from inspect import signature
from pathlib import Path

import pytest
from builders import TINY
from test_finance import GPUS
from test_finance import scenario as with_money
from test_fitting import BUILD

import dcsim as api
from dcsim.cli import cluster as command
from dcsim.engine import jit
from dcsim.errors import ClusterError, RequestError
from dcsim.study import fleet

CASES = Path(__file__).parent / "data" / "cases"
OPTIONS = """
options:
  quick: {cost: 1M USD, changes: {activities: {install: {duration: 1 d}}}}
"""
ORDERED = TINY.replace("{unit: kW, initial: 300}", "{unit: kW, orders: {main: {amount: 600, lead_time: 2 to 9 d}}}")
SEEN = {"seen": [{"milestone": "half", "reached": "2024-01-14", "error": "6 d"}]}


class Elsewhere(Executor):
    """A process that knows nothing but what it is sent; some of what it is sent is lost, or never answered."""

    def __init__(self, lost=(), silent=(), broken=(), closed=()):
        self.sent, self.lost, self.silent, self.broken, self.closed = 0, lost, silent, broken, closed

    def submit(self, fn, /, *args, **kwargs):
        future, number = Future(), self.sent
        self.sent += 1
        if number in self.lost:
            future.cancel()
        elif number in self.closed:
            future.set_exception(ConnectionResetError("what is done cannot be fetched"))
        elif number in self.broken:
            future.set_exception(BrokenProcessPool("a process ended"))
        elif number not in self.silent:
            do, sent = pickle.loads(pickle.dumps((fn, args)))
            try:
                future.set_result(pickle.loads(pickle.dumps(do(*sent))))
            except Exception as error:
                future.set_exception(error)
        return future


def loaded(tmp_path, text):
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    return api.load(path)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Every question


SLOW = "activities.work.duration=9 d"
EARNED = {"costs": {"gpus": GPUS}, "revenue": {"sold": {"supply": "gpus", "price": "1 to 3 USD / h"}}}
QUESTIONS = {
    "replicate": lambda it, **how: api.replicate(it, 40, explain=["all"], **how),
    "replicate, seen": lambda it, **how: api.replicate(it.with_(SEEN), 4, **how),
    "explain": lambda it, **how: api.explain(it, milestone="all", n=20, **how),
    "compare": lambda it, **how: api.compare(it, "resources.crew.count=2", n=20, **how),
    "delay_cost": lambda it, **how: api.delay_cost(it, supply="done", n=6, **how),
    "drivers": lambda it, **how: api.drivers(it, milestone="all", n=8, **how),
    "sweep": lambda it, **how: api.sweep(it, {"resources.crew.count": "1..2"}, n=20, **how),
    "latest_orders": lambda it, **how: api.latest_orders(it, milestone="half", n=20, **how),
    "mitigate": lambda it, **how: api.mitigate(it, milestone="all", n=20, **how),
    "promise": lambda it, **how: api.promise(it, "all by 2024-01-20", n=20, **how),
    "finance": lambda it, **how: api.finance(with_money(**EARNED), n=20, **how),
    "compare, npv": lambda it, **how: api.compare(with_money(**EARNED), SLOW, outcome="npv", n=20, **how),
    "drivers, npv": lambda it, **how: api.drivers(with_money(**EARNED), outcome="npv", n=8, **how),
    "assumptions": lambda it, **how: api.assumptions(it, **how),
    "backtest": lambda it, **how: api.backtest(CASES, template=CASES / "rules.yaml", n=8, **how),
}  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_the_same_from_elsewhere(tmp_path, monkeypatch, question):
    monkeypatch.setattr("dcsim.study.seen.STRETCH", 24)
    scenario, elsewhere = loaded(tmp_path, ORDERED + OPTIONS), Elsewhere()
    here = QUESTIONS[question](scenario, engine="reference")
    there = QUESTIONS[question](scenario, engine="reference", executor=elsewhere)
    assert elsewhere.sent
    assert repr(here.about) == repr(there.about)
    assert {name: there.tables[name].equals(table) for name, table in here.tables.items()} == dict.fromkeys(
        there.tables, True
    )


def test_a_fit_is_the_same_from_elsewhere(tmp_path):
    path, elsewhere = tmp_path / "build.yaml", Elsewhere()
    path.write_text(BUILD)
    here, there = (api.calibrate(path, n=20, engine="reference", executor=who) for who in (None, elsewhere))
    assert elsewhere.sent
    assert here.fitted.equals(there.fitted)


def test_whatever_runs_replications_runs_them_elsewhere_too():
    taken = {name: signature(getattr(api, name)).parameters for name in api.__all__ if name[0].islower()}
    fleets = {name for name, parameters in taken.items() if "executor" in parameters}
    assert fleets == {question.partition(",")[0] for question in QUESTIONS} | {"calibrate"}
    assert {name for name, parameters in taken.items() if "workers" in parameters} - fleets == {"export"}


@pytest.mark.compiled
def test_workers_without_numba_give_the_same_and_it_is_said(tmp_path, monkeypatch, caplog):
    scenario = loaded(tmp_path, TINY)
    here = api.replicate(scenario, 20, engine="compiled")
    monkeypatch.setattr("dcsim.engine.has_numba", lambda: True)
    monkeypatch.setattr(fleet, "has_numba", lambda: False)
    monkeypatch.setattr("dcsim.engine.LOG.propagate", True)
    fleet._opened.cache_clear()
    there = api.replicate(scenario, 20, engine="compiled", executor=Elsewhere())
    assert here.milestones.equals(there.milestones)
    assert "workers without numba run the slower reference engine" in caplog.text
    assert jit.COMPILES


# What is lost, and what is late


@pytest.fixture
def many(tmp_path):
    scenario = loaded(tmp_path, TINY)

    def run(name, executor=None, **how):
        api.replicate(scenario, 64, seed=3, chunk=8, engine="reference", out=tmp_path / name, executor=executor, **how)
        return contents(tmp_path / name)

    run.folder = tmp_path
    return run


def test_what_is_lost_is_sent_again(many):
    elsewhere = Elsewhere(lost={0, 3, 8}, closed={1, 9})
    assert many("there", elsewhere) == many("here")
    assert elsewhere.sent == 8 + 5


def test_what_is_late_is_sent_twice(many, monkeypatch):
    monkeypatch.setattr(fleet, "PATIENCE", 0.01)
    elsewhere = Elsewhere(silent={2, 5})
    assert many("there", elsewhere) == many("here")
    assert elsewhere.sent == 8 + 2


class Scripted:
    """An executor, or a client of Dask, with four spans; it does one step whenever a result is waited for."""

    def __init__(self, **options):
        self._client, self._kwargs, self.sent, self.options, self.threads = self, options, [], [], {"a worker": 1}
        self.fleet = fleet._DaskFleet(self, b"") if options else fleet._Fleet(self, b"")
        self.fleet._next, self.next = self.step, self.fleet._next

    def submit(self, do, *_, **options):
        future = Future()
        self.options.append(options)
        if do is fleet.run_span:
            self.sent.append(future)
        return future

    def nthreads(self):
        return self.threads

    def cancel(self, futures):
        assert all(future.cancel() for future in futures)

    def step(self, seconds):
        assert seconds == fleet.PATIENCE
        next(self.steps)
        return self.next(0)

    def run(self, steps):
        self.steps = steps
        assert sorted(self.fleet.results([(0, 1), (1, 2), (2, 3), (3, 4)])) == [((n, n + 1), b"") for n in range(4)]

    def answer(self, *numbers, seconds=1.0):
        for number in numbers:
            self.sent[number].set_result((seconds, b""))


def test_late_copies_are_sent_at_the_end_and_given_up_with_the_first_answer():
    them = Scripted()

    def steps():
        for _ in range(99):
            yield  # nothing is late before a result says how long one takes
        them.answer(0, 1, 2, seconds=40.0)
        yield
        yield
        yield
        assert len(them.sent) == 4
        yield
        yield
        assert len(them.sent) == 5
        them.answer(4)
        yield

    them.run(steps())
    assert them.sent[3].cancelled()


def test_nothing_is_late_while_something_is_not_sent(monkeypatch):
    monkeypatch.setattr(fleet, "MOST_AT_ONCE", 2)
    them = Scripted()

    def steps():
        yield
        them.answer(0)
        yield
        yield
        yield
        assert len(them.sent) == 3
        them.answer(1)
        yield
        them.answer(2, 3)
        yield

    them.run(steps())


def test_late_copies_are_not_counted_as_lost():
    them = Scripted()

    def steps():
        them.answer(0, 1, 2)
        yield
        yield
        yield
        assert len(them.sent) == 5
        them.cancel(them.sent[3:])  # both copies are one loss
        yield
        them.cancel(them.sent[5:])
        yield
        them.answer(6)
        yield

    them.run(steps())
    assert len(them.sent) == 7


def test_a_run_without_workers_says_so_once_and_waits_for_them(monkeypatch):
    warnings = []
    monkeypatch.setattr(fleet.LOG, "warning", warnings.append)
    them = Scripted(workers=["tcp://big:1"], retries=2)

    def steps():
        them.answer(0, 1, 2)
        yield
        them.threads = {}
        yield
        yield
        yield
        yield
        assert len(them.sent) == 4
        them.answer(3)
        yield

    them.run(steps())
    assert warnings == ["the cluster has no workers: the run waits for them; Ctrl-C ends it"]
    assert all(options.items() >= {"workers": ["tcp://big:1"], "retries": 2}.items() for options in them.options)


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ({"lost": range(2, 99)}, "the connection to the cluster is lost"),
        ({"broken": range(2, 99)}, "a worker process ended suddenly"),
    ],
)
def test_a_lost_fleet_loses_nothing_that_is_done(many, lost, said):
    with pytest.raises(ClusterError, match=said):
        many("there", Elsewhere(**lost))
    kept = sorted((many.folder / "there" / "parts").iterdir())
    assert len(kept) == 2
    elsewhere = Elsewhere()
    assert many("there", elsewhere, resume=True) == many("here")
    assert elsewhere.sent == 6


def test_workers_of_another_dcsim_are_refused(monkeypatch):
    mine = fleet.versions()
    with pytest.raises(ClusterError) as refused:
        fleet.run_span(b"", "dcsim 9.9.9 (sources 0), Python 3.99", 0, 1)
    assert mine in str(refused.value)
    assert "expected dcsim 9.9.9 (sources 0), Python 3.99: install the same" in str(refused.value)
    gone = Elsewhere()
    gone.submit = lambda *_: (_ for _ in ()).throw(ModuleNotFoundError("No module named 'dcsim'"))
    with pytest.raises(ClusterError, match=r"lacks what is here, dcsim .*No module named 'dcsim'"):
        list(fleet.on_fleet([(0, 1)], gone, len))


def test_workers_are_threads_or_elsewhere(tmp_path):
    with pytest.raises(RequestError, match="leave out one of the two"):
        api.replicate(loaded(tmp_path, TINY), 4, workers=2, executor=Elsewhere())


# The command line


@pytest.mark.parametrize("address", ["somewhere", "local:0", "local:", "local:x", "tcp://host", "file:///etc:1/x"])
def test_what_is_no_address_is_refused(dcsim, tiny, address):
    out, err, code = dcsim("replicate", tiny, "-n", "4", "--cluster", address)
    assert (out, code) == ("", 2)
    assert err.startswith("--cluster takes a scheduler, `tcp://host:8786`, or processes, `local:4`; got")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--cluster", "somewhere"), "--cluster takes a scheduler"),
        (("--cluster", "local:2", "--workers", "2"), "leave out one of the two"),
        (("--cluster", "tcp://127.0.0.1:9"), "no scheduler answers at 'tcp://127.0.0.1:9': "),
        (("--cluster", "tls://127.0.0.1:9"), "no scheduler answers at 'tls://127.0.0.1:9': TLS expects"),
    ],
)
def test_a_result_is_replaced_only_when_the_cluster_answers(many, dcsim, monkeypatch, asked, said):
    if "://" in asked[1]:
        pytest.importorskip("distributed", reason="distributed is not installed")
    monkeypatch.setattr(command, "CONNECTING", 0.2)
    kept, folder = many("result"), many.folder / "result"
    words = ("replicate", str(many.folder / "scenario.yaml"), "-n", "64", "--out", str(folder), "--overwrite")
    out, err, code = dcsim(*words, *asked)
    assert (out, code) == ("", 2)
    assert said in err
    assert "is kept" not in err
    assert contents(folder) == kept


def test_without_distributed_it_is_said_what_to_install(dcsim, tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    out, err, code = dcsim("replicate", tiny, "-n", "4", "--cluster", "local:2")
    assert (out, err, code) == ("", "--cluster needs distributed: pip install 'dcsim[cluster]'\n", 2)


# A real scheduler with two worker processes


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed", reason="distributed is not installed")
    quiet = {**command.UNSEEN, "silence_logs": logging.CRITICAL}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.slow
def test_killed_workers_lose_nothing(many, client):
    before = set(client.run(os.getpid).values())

    def progress(done, count):
        if done == 16:
            os.kill(min(before), signal.SIGKILL)

    assert many("there", client.get_executor(), progress=progress) == many("here")
    client.wait_for_workers(2, timeout=60)
    assert len(before & set(client.run(os.getpid).values())) == 1


PROGRAM = """
import os, signal, sys
import dcsim
from distributed import Client

def progress(done, count):
    if done >= 16:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    how = {"seed": 3, "chunk": 8, "engine": "reference", "out": sys.argv[3]}
    executor = Client(sys.argv[1]).get_executor()
    dcsim.replicate(dcsim.load(sys.argv[2]), 64, executor=executor, progress=progress, **how)
"""


@pytest.mark.slow
def test_a_killed_driver_is_continued_by_another(many, client):
    folder, program = many.folder / "there", (sys.executable, "-c", PROGRAM)
    words = (client.scheduler.address, str(many.folder / "scenario.yaml"), str(folder))
    assert subprocess.run([*program, *words], check=False, capture_output=True).returncode == -signal.SIGKILL
    assert len(list((folder / "parts").iterdir())) >= 2
    assert many("there", client.get_executor(), resume=True) == many("here")


@pytest.mark.slow
def test_a_worker_of_another_dcsim_is_refused(many, client):
    client.run(exec, "import dcsim.study.fleet as f; f.true, f.versions = f.versions, lambda: 'dcsim 0.0.9'", {})
    with pytest.raises(ClusterError, match=r"a worker on \S+ has dcsim 0.0.9; expected dcsim \d"):
        many("there", client.get_executor())
    client.run(exec, "import dcsim.study.fleet as f; f.versions = f.true", {})


@pytest.mark.slow
def test_the_command_line_finds_a_scheduler_or_says_that_there_is_none(dcsim, tiny, client, monkeypatch):
    asked = ("replicate", tiny, "-n", "64", "--engine", "reference", "--json")
    here, there = (dcsim(*asked, *more) for more in ((), ("--cluster", client.scheduler.address)))
    assert here == there
    assert dcsim(*asked, "--cluster", "local:1") == here
    monkeypatch.setattr(command, "CONNECTING", 0.2)
    out, err, code = dcsim(*asked, "--cluster", "tcp://127.0.0.1:9")
    assert (out, code) == ("", 2)
    assert err.startswith("no scheduler answers at 'tcp://127.0.0.1:9': ")
