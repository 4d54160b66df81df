"""A cluster of which processes are killed at random, whoever they are: the result has the same bytes in the end."""

import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders import TINY
from test_cluster import contents

import dcsim as api

pytest.importorskip("distributed", reason="distributed is not installed")

PATIENCE = 600.0
"""Seconds after which a run hangs."""
CHUNKS = 24


class Processes:
    """A scheduler, two workers and a driver, each a process that is started again when it has ended."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            where = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        dask, quiet = (sys.executable, "-m", "dask"), ("--no-dashboard",)
        worker = (*dask, "worker", where, "--no-nanny", "--nthreads", "1", "--local-directory", str(folder), *quiet)
        asked = ("-n", str(64 * CHUNKS), "--seed", "3", "--engine", "reference", "--cluster", where)
        driver = (sys.executable, "-m", "dcsim", "replicate", "scenario.yaml", *asked, "--out", "there", "--resume")
        scheduler = (*dask, "scheduler", "--host", where, "--dashboard-address", "127.0.0.1:0", *quiet)
        self.words = {"scheduler": scheduler, "one": worker, "other": worker, "driver": driver}
        self.folder, self.running = folder, {}

    def start(self) -> None:
        """Start whoever does not run."""
        for who, words in self.words.items():
            if who not in self.running or self.running[who].poll() is not None:
                with (self.folder / f"{who}.log").open("a") as log:
                    self.running[who] = subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=log)

    def kill(self, who: str) -> None:
        self.running[who].kill()
        self.running[who].wait()

    def told(self) -> str:
        return "\n".join(f"{path.name}: {path.read_text()}" for path in sorted(self.folder.glob("*.log")))


def run_with_kills(folder: Path, seed: int) -> list[str]:
    """Kill each process once, in any order, whenever so many parts are there; who was killed while the driver ran."""
    chance, killed, until = random.Random(seed), [], time.monotonic() + PATIENCE
    them, parts = Processes(folder), folder / "there" / "parts"
    order = chance.sample(sorted(them.words), len(them.words))
    plan = list(zip(sorted(chance.sample(range(1, CHUNKS - 2), len(order))), order, strict=True))
    try:
        them.start()
        while (end := them.running["driver"].poll()) != 0:
            assert time.monotonic() < until, f"nothing moves:\n{them.told()}"
            is_lost = end == 2 and "scheduler" in killed  # it may take longer to come back than the driver waits
            assert end in (None, -signal.SIGKILL) or is_lost, them.told()
            them.start()
            if plan and parts.is_dir() and len(list(parts.iterdir())) >= plan[0][0]:
                killed.append(plan.pop(0)[1])
                them.kill(killed[-1])
            time.sleep(0.01)
    finally:
        for who in them.running:
            them.kill(who)
    return killed


@pytest.mark.slow
def test_random_kills_change_no_byte(tmp_path):
    path = tmp_path / "scenario.yaml"
    path.write_text(TINY)
    assert len(run_with_kills(tmp_path, seed=0)) == 4
    api.replicate(path, 64 * CHUNKS, seed=3, engine="reference", out=tmp_path / "here")
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
