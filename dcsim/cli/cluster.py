"""The option `--cluster`: replications are run by a Dask cluster, or by processes of this machine."""

import logging
import re
import signal
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from dcsim.errors import ClusterError, RequestError, UnavailableError

LOG = logging.getLogger("dcsim")

CONNECTING = 15.0
"""Seconds in which a scheduler answers, or is there again after the connection was lost."""
UNWATCHED = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "500ms"}
"""Settings of processes of this machine: nobody looks at what Dask would measure of them all the time."""
UNSEEN = {"dashboard_address": None, "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"}}
"""Their scheduler has no dashboard, and a server of its own only for this machine, at a port that is free."""
_LOCAL = re.compile(r"local:([1-9]\d{0,2})")
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?[^\s/]+:\d+/?")


@contextmanager
def cluster(address: str | None, workers: int | None = None) -> Iterator[Executor | None]:
    """What runs replications at an address: `tcp://host:8786`, or `local:4`; nothing where there is no address.

    Raises
    ------
    RequestError
        That is no address, or `--workers` is given too.
    UnavailableError
        distributed is not installed.
    ClusterError
        Nobody answers there.
    """
    if address is None:
        yield None
        return
    if workers is not None:
        raise RequestError("--workers are threads of this process, --cluster has its own: leave out one of the two")
    local = _LOCAL.fullmatch(address)
    if local is None and (address.startswith("local:") or _ADDRESS.fullmatch(address) is None):
        raise RequestError(f"--cluster takes a scheduler, `tcp://host:8786`, or processes, `local:4`; got '{address}'")
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError:
        raise UnavailableError("--cluster needs distributed: pip install 'dcsim[cluster]'") from None
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is in our own messages
    with ExitStack() as stack:
        where = address
        if local is not None:
            settings = {"n_workers": int(local[1]), "threads_per_worker": 1, **UNSEEN}
            stack.enter_context(import_module("dask").config.set(UNWATCHED))
            with _deaf():
                where = stack.enter_context(distributed.LocalCluster(**settings, silence_logs=logging.CRITICAL))
        try:
            client = stack.enter_context(distributed.Client(where, timeout=CONNECTING, set_as_default=False))
        except (OSError, TypeError, ValueError) as error:  # TypeError: Dask's settings name no certificate for tls://
            raise ClusterError(f"no scheduler answers at '{address}': {error}; `dcsim guide cluster`") from None
        if not client.nthreads():
            LOG.warning("the cluster has no workers yet: the run waits for them")
        yield client.get_executor()


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that begin meanwhile do not hear Ctrl-C: the driver ends them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
