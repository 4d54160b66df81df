"""The page in a real browser: drawn without a word of complaint, readable on a phone, in the dark and on paper."""

import re
from pathlib import Path

import pytest
from conftest import DESK
from pages import TAG, everything, evil, many, run

from dcsim.report.files import report

pytestmark = pytest.mark.slow
PHONE = {"width": 390, "height": 844}
A_DATE = re.compile(r"\d{1,2} [A-Z][a-z]{2} 2024")
BOXES = "[...document.querySelectorAll('{}')].map(one => one.getBoundingClientRect().toJSON())"


@pytest.fixture(scope="module")
def page_of_all(tmp_path_factory) -> Path:
    return report(*everything(), path=tmp_path_factory.mktemp("page") / "all.html")


@pytest.fixture(scope="module")
def page_of_evil(tmp_path_factory) -> Path:
    return report(run(evil()), many(evil()), path=tmp_path_factory.mktemp("page") / "evil.html")


def colour(page, selector, name):
    return page.eval_on_selector(selector, f"one => getComputedStyle(one).{name}")


def figure(page, title):
    """The first figure of this title."""
    return page.locator(f'[data-figure][aria-label^="{title}"]').first


def hovered(drawing):
    """What the pointer is told."""
    layer = drawing.locator(".hoverlayer")
    layer.locator("text").first.wait_for()
    return layer.text_content()


def until(page, expression):
    """Waits until something is so; the page itself lets no text become a script."""
    for _ in range(50):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never: {expression}")


def test_it_opens_from_disk_without_complaint_and_asks_nobody(visit, page_of_all):
    page = visit(page_of_all)
    page.wait_for_timeout(300)
    assert page.said == []
    assert [url for url in page.asked if not url.startswith("data:")] == [page_of_all.as_uri()]


def test_every_figure_is_drawn(visit, page_of_all):
    page = visit(page_of_all)
    figures = page.query_selector_all("[data-figure]")
    assert len(figures) >= 10
    for figure in figures:
        marks = figure.eval_on_selector_all(
            ".lines .js-line, path.point, .point path",
            "all => all.filter(one => (one.getAttribute('d') || '').length > 5).length",
        )
        assert marks, figure.get_attribute("data-figure")
        assert figure.query_selector(".xtick text, .xaxislayer-above text")


def test_the_pointer_shows_a_date(visit, page_of_all):
    page = visit(page_of_all)
    curves = figure(page, "done over time")
    curves.scroll_into_view_if_needed()
    box = curves.locator(".nsewdrag").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5)
    assert A_DATE.search(hovered(curves))


def test_a_bar_of_the_gantt_tells_what_it_is(visit, page_of_all):
    page = visit(page_of_all)
    gantt = figure(page, "Activities, by place")
    gantt.scroll_into_view_if_needed()
    box = gantt.locator(".bars .point path").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert re.search(r"install in hall1/rack1: 2024-01-\d\d to 2024-01-\d\d", hovered(gantt))


def test_the_legend_switches_a_curve_off(visit, page_of_all):
    page = visit(page_of_all)
    dates = figure(page, "Milestones")
    drawn = (
        f"document.querySelectorAll('[data-figure={dates.get_attribute('data-figure')}] .scatterlayer .trace').length"
    )
    before = page.evaluate(drawn)
    dates.locator(".legendtoggle").nth(1).click()
    until(page, f"{drawn} < {before}")


def test_in_the_dark_page_and_figures_are_dark(visit, page_of_all):
    light, dark = (visit(page_of_all, color_scheme=scheme) for scheme in ("light", "dark"))
    for selector, name in (
        ("body", "backgroundColor"),
        ("body", "color"),
        (".drawing .main-svg", "backgroundColor"),
        (".drawing .ytick text", "fill"),
        (".drawing .ygrid", "stroke"),
    ):
        assert colour(light, selector, name) != colour(dark, selector, name), selector
    dark.emulate_media(color_scheme="light")
    drawn = "([wanted]) => getComputedStyle(document.querySelector('.drawing .ytick text')).fill === wanted"
    dark.wait_for_function(drawn, arg=[colour(light, ".drawing .ytick text", "fill")])


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_window(visit, page_of_all, viewport):
    page = visit(page_of_all, viewport)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    for part in ("main *:not(.scroll *):not(svg *)", "[data-figure] .main-svg", ".xtick text", ".ytick text"):
        boxes = page.evaluate(BOXES.format(part))
        assert boxes
        assert all(box["right"] <= viewport["width"] + 1 and box["left"] >= -1 for box in boxes), part
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16


def test_a_turned_phone_has_wider_figures(visit, page_of_all):
    page = visit(page_of_all, PHONE)
    narrow = page.evaluate(BOXES.format("[data-figure] .main-svg"))[0]["width"]
    page.set_viewport_size({"width": 844, "height": 390})
    until(page, f"document.querySelector('[data-figure] .main-svg').getBoundingClientRect().width > {narrow}")


def test_it_prints_in_light_colours_without_tools(visit, page_of_all):
    page = visit(page_of_all, color_scheme="dark")
    page.evaluate(
        "addEventListener('beforeprint', () => { window.printed = document.querySelector('.main-svg').outerHTML })"
    )
    assert page.pdf(format="A4").startswith(b"%PDF")
    printed = page.evaluate("window.printed")
    assert 'width="680"' in printed
    assert "rgb(255, 255, 255)" in printed
    page.emulate_media(media="print", color_scheme="dark")
    assert colour(page, "body", "backgroundColor") == "rgb(255, 255, 255)"
    assert colour(page, "body", "color") == "rgb(34, 34, 34)"
    assert colour(page, "figure", "breakInside") == "avoid"
    assert colour(page, "tbody tr", "breakInside") == "avoid"
    assert page.locator(".modebar:visible").count() == 0


def test_without_scripts_the_answer_is_there(visit, page_of_all):
    page = visit(page_of_all, java_script_enabled=False)
    assert page.locator("text=half: P50 on").first.is_visible()
    assert page.locator("text=working: install: 9.0 d").first.is_visible()


def test_names_that_look_like_markup_are_text(visit, page_of_evil):
    page = visit(page_of_evil)
    page.wait_for_timeout(300)
    assert page.said == []
    assert page.evaluate("document.images.length") == 0
    labels = figure(page, "Activities, by place").locator(".ytick text").all_text_contents()
    assert TAG[:20] in "".join(labels)
    assert "alert(1)" in page.locator("h1").text_content()
