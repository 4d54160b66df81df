"""What all tests share: the engines, and small networks told by each of them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import EACH_ENGINE, TINY, Told, network, tell
from hypothesis import HealthCheck, settings

from dcsim.__main__ import main
from dcsim.engine import jit

settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("suite")

HOW = ("seed", "replication")
"""What a test may say about a run rather than about the network."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew",
        action="store_true",
        help="write tests/golden anew from the scenarios in configs, then review the diff",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Fast tests run in Python what would have to be compiled first."""
    if config.option.markexpr == "not slow":
        jit.COMPILES = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What tests compiled code is slow, for that has to be compiled first; where nothing is compiled, it is skipped."""
    for item in items:
        if item.get_closest_marker("compiled"):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(not jit.COMPILES, reason="numba is not installed"))


@pytest.fixture(params=EACH_ENGINE)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


@pytest.fixture
def run(engine: str) -> Callable[..., Told]:
    """Builds a network in the mini-language of `builders` and tells what became of it."""

    def run_network(text: str, **more: Any) -> Told:
        how = {name: more.pop(name) for name in HOW if name in more}
        return tell(network(text, **more), engine, **how)

    return run_network


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """A file with a small scenario."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return str(path)


@pytest.fixture
def dcsim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str, Any]]:
    """Run a command in a pipe; what it printed, what it complained, and its exit code."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*words: str) -> tuple[str, str, Any]:
        monkeypatch.setattr(sys, "argv", ["dcsim", *words])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return captured.out, captured.err, end.value.code

    return run


# A real browser

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; what needs it is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("there is no Chromium: install Debian's package chromium")
    with playwright.sync_playwright() as player:
        started = player.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def visit(browser):
    """Opens a file as a reader would, and listens to what it says and asks for."""
    contexts = []

    def open_file(path, viewport=DESK, **more):
        context = browser.new_context(viewport=viewport, **more)
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: page.said.append(dialog.message) or dialog.dismiss())
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()
