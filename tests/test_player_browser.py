"""The player in a real browser: it plays, loads nothing, complains of nothing, and fits a phone."""

import json

import pytest
from builders import TINY
from test_page_browser import until

import dcsim
from dcsim.report.animation import animate

pytestmark = pytest.mark.slow
EVIL = "</script><img src=x onerror=alert(1)>"
BLUE_CELLS = """() => {
    const canvas = document.getElementById("map"), ratio = canvas.width / canvas.clientWidth;
    const lift = Math.max(0, 18 - scene.map.head * 14);
    const at = k => canvas.getContext("2d").getImageData(
        (scene.map.x[k] / 10 * 14 + 5) * ratio, (scene.map.y[k] / 10 * 14 + lift + 5) * ratio, 1, 1).data;
    return scene.map.x.filter((_, k) => at(k)[0] === 0 && at(k)[1] === 0x72 && at(k)[2] === 0xB2).length;
}"""
"""How many cells of the map are drawn as done."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The player of a small build whose name is an attack."""
    folder = tmp_path_factory.mktemp("player")
    (folder / "tiny.yaml").write_text(TINY.replace("name: Tiny", f"name: {json.dumps(EVIL)}"))
    result = dcsim.simulate(dcsim.load(folder / "tiny.yaml"), expected=True)
    return animate(result, folder / "site.html", lambda done, count: None)


@pytest.fixture
def visit(visit, site):
    """Opens the player as somebody would."""

    def open_player(width=1200, **more):
        return visit(site, {"width": width, "height": 850}, **more)

    return open_player


def slide(page, where):
    page.eval_on_selector("#frame", f"one => {{ one.value = {where}; one.dispatchEvent(new Event('input')) }}")


def test_it_plays_by_itself_without_a_word_or_a_request(visit, site):
    page = visit()
    first = page.inner_text("#date")
    until(page, f"document.getElementById('date').innerText !== {json.dumps(first)}")
    assert page.said == []
    assert page.asked == [site.as_uri()]
    assert page.inner_text("#title") == f"{EVIL} · expected values"
    assert page.query_selector("img") is None


def test_it_stops_at_the_end_and_begins_again(visit):
    page = visit(reduced_motion="reduce")
    assert page.inner_text("#play") == "Play"
    slide(page, "one.max")
    page.click("#play")
    assert page.inner_text("#play") == "Pause"
    assert int(page.input_value("#frame")) < int(page.get_attribute("#frame", "max"))
    page.click("#play")
    assert page.inner_text("#play") == "Play"


def test_the_slider_moves_the_day_back_and_forth(visit):
    page = visit(reduced_motion="reduce")
    begin = page.inner_text("#legend")
    slide(page, "one.max")
    end = page.inner_text("#legend")
    assert begin.split("\n") != end.split("\n")
    assert "done: 3" in end
    assert page.evaluate(BLUE_CELLS) == 3
    slide(page, "0")
    assert page.inner_text("#legend") == begin


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_by_day_and_by_night(visit, scheme):
    page = visit(390, color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.said == []
    style = "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color]"
    paper, ink = page.eval_on_selector("body", style)
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
    assert paper != ink
