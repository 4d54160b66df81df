"""The page: the answer first, everything escaped, nothing from the network, and only what belongs together."""

import json
import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from builders import TINY
from pages import EVIL, TAG, comparison, drivers, everything, evil, explanation, found, many, more, others, run, tiny
from scipy import stats

import dcsim
from dcsim.document.colours import DARK, LIGHT
from dcsim.document.words import money
from dcsim.errors import RequestError, ResultError
from dcsim.report.files import report
from dcsim.report.limits import LIMITS
from dcsim.report.page.again import verb as verb_of
from dcsim.report.page.answer import main_causes
from dcsim.report.page.leans import leans
from dcsim.report.page.results import together
from dcsim.report.page.words import cell, days, share, shift
from dcsim.study.result import Result

README = Path(__file__).parents[1] / "README.md"
MOST_BYTES = 5_000_000


class Outline(HTMLParser):
    """The elements of a page, the text of those that are read, and the addresses it names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.within: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br", "wbr"):
            self.within.append(tag)

    def handle_endtag(self, tag):
        while self.within and self.within.pop() != tag:
            pass

    def handle_data(self, data):
        self.words.setdefault(self.within[-1] if self.within else "", []).append(data)


@pytest.fixture
def page(tmp_path):
    """Writes a page and returns its text."""

    def write(*findings, **more):
        path = report(*findings, path=tmp_path / "page.html", **more)
        return path.read_text(encoding="utf-8")

    return write


def read(page):
    """What is read on a page, as one line."""
    body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<wbr>", "", body) and re.sub(r"<[^>]+>", " ", body.replace("<wbr>", ""))).split())


def figures(page):
    """The figures of a page by name."""
    return json.loads(re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)[1])


# The answer


def test_many_builds_answer_with_dates_and_chances(page):
    told = read(page(many(tiny())))
    assert re.search(r"half: P50 on \d+ Jan 2024, P80 on \d+ Jan 2024 \(40 replications\)\.", told)
    assert "P50 (even odds)" in told
    assert "Chance by 20 Jan 2024" in told
    assert "Longest waits: crew" in told


def test_one_build_answers_with_its_date(page):
    told = read(page(run(tiny())))
    assert re.search(r"half: \d+ Jan 2024 with expected values\.", told)
    assert "To see which inputs move the date, add the result of dcsim drivers or dcsim replicate." in told


def test_days_before_day_zero_are_counted_down(page):
    """The 24 hours before day zero are day -1, in every table and figure."""
    scenario = dcsim.load({**tiny_values(), "day_zero": "2024-01-20"})
    text = page(run(scenario), milestone="half")
    assert "19 Jan 2024 day -1" in read(text)
    assert "simulated \N{MINUS SIGN}1 d" in read(text)
    notes = [note for figure in figures(text).values() for one in figure["data"] for note in one.get("text", ())]
    assert "half: 2024-01-19 (day -1)" in notes


@pytest.mark.slow
def test_what_is_never_reached_has_no_date(page):
    scenario = dcsim.load(tiny_values())
    assert "all: not reached by 1 Mar 2024 with expected values: 3 racks short of power (power_on)." in read(
        page(run(scenario), milestone="all")
    )
    told = read(page(many(scenario, 8), milestone="all"))
    assert (
        "all: not reached by 1 Mar 2024 in at least half of 8 replications: 3 racks short of power (power_on)." in told
    )
    assert "not by the end of the simulation" in told
    assert "nan" not in told.lower().split()


def tiny_values():
    import yaml

    told = yaml.safe_load(TINY)
    told["milestones"]["half"].pop("observed")
    return {key: value for key, value in told.items() if key != "variants"}


def test_one_replication_has_no_interval(page):
    few = dcsim.compare(tiny(), "resources.crane.count=2", "resources.crew.count=2", milestones=["half"], n=1)
    text = page(few)
    assert re.search(r"(0|[+-]\d+\.\d) \? ", read(text))
    assert "later to" not in read(text)
    bars = [one["error_x"] for one in figures(text)["chart0"]["data"]]
    assert [bar["array"] + bar["arrayminus"] for bar in bars] == [[0.0] * 4]
    bought = dcsim.mitigate(dcsim.load(tiny_values()), milestone="half", budget="2M USD", n=1)
    assert "(95 %: ?)" in read(page(bought))


@pytest.mark.slow
def test_everything_stands_on_one_page(page):
    told = read(page(*everything()))
    for said in (
        "Main causes: install (work, 9 d), crew (waiting for a resource, 4 d) and storm (risk, 2 d)",
        "Best within a budget of 2M USD: storm for 1M USD; 2.0 days earlier on average (95 %: 1.0 to 3.0), "
        "P80 2024-01-19 instead of 2024-01-21, by 2024-01-20 in 90.0 % instead of 60.0 %.",
        "half: days later than base",
        "half by 2024-01-20: 80 % wanted, only 60.0 % as planned",
        "16.0 rack-days of done are lost compared with the plan, worth 32M USD.",
        "half against resources.crew.count",
        "Of the 2 inputs that move half most, 2 are assumed, fitted or weakly sourced; above all mood (assumption,",
        "What is not modelled",
    ):
        assert said in told


def test_a_comparison_alone_is_a_page(page):
    told = read(page(comparison()))
    assert "half: P50 on 17 Jan 2024" in told
    assert (
        "Best and worst of 2 changes to base: more is 4 days (95 %: \N{MINUS SIGN}5 to \N{MINUS SIGN}3) earlier" in told
    )
    assert "none does not reach it." in told
    assert "-3.5 working: install; -0.5 waiting for crew" in told


@pytest.mark.parametrize("findings", [explanation(), drivers(), *others()], ids=lambda one: one.kind)
def test_every_result_alone_is_a_page(page, findings):
    told = read(page(findings))
    assert "Every number" in told
    verb = verb_of(findings.kind)
    assert f"dcsim {verb} scenario.yaml" in told or f"To reproduce the result of dcsim {verb} you also need" in told


def test_another_milestone_can_be_asked_for(page):
    assert re.search(r"\ball: P50 on", read(page(many(tiny()), milestone="all")))


def parts(*means):
    """What the days are made of, in so many parts."""
    rows = [{"kind": "work", "name": f"job{k}", "mean": mean, "p10": mean, "p90": mean} for k, mean in enumerate(means)]
    return pd.DataFrame([*rows, {"kind": "start", "name": "", "mean": -4.0, "p10": -9.0, "p90": 0.0}])


def test_parts_of_the_days_add_up_though_some_lie_before_day_zero(page):
    whole = explanation()
    text = page(Result("explanation", whole.scenario, whole.about, {**whole.tables, "days": parts(9.0)}))
    bars = {bar["name"]: bar for bar in figures(text)["chart0"]["data"]}
    assert [(bar["base"], bar["x"]) for bar in bars.values()] == [([0.0], [9.0]), ([9.0], [-4.0])]
    assert "Main causes: job0 (work, 9 d)." in read(text)
    assert "later" not in json.dumps(list(bars.values()))


def test_an_unfinished_build_waits_to_the_horizon():
    """What is still missing is longest waited for, in pictures and on pages as in the table of the run."""
    one = dcsim.simulate(dcsim.load({**tiny_values(), "horizon": "300 d"}), expected=True)
    assert not one.finished
    assert one.chart("waits").y.names[0] == f"power  {one.waits['days'].max():,.0f} d"
    assert main_causes(together([one])).startswith("Longest waits: power (")


# What it rests on


def test_every_number_has_its_source_date_and_confidence(page):
    text = page(run(tiny()))
    told = read(text)
    assert "2024-05" in told
    assert "pert 0.8, 1, 1.6" in told
    assert "crews are good or tired" in told
    assert "1 fitted, 1 assumed, 1 of low confidence, 1 of high confidence." in told
    assert "none given" not in told
    assert re.search(r"\d+ numbers without a source, among them .*activities\.install\.duration = 2 to 4 d", told)


@pytest.mark.slow
def test_a_brief_page_is_the_answer_and_one_chart(page):
    full, brief = (read(page(run(tiny()), brief=brief)) for brief in (False, True))
    assert "Every number" in full
    assert "Every number" not in brief
    assert "numbers without a source." in brief
    assert "half: 1" in brief


def test_a_page_tells_date_and_author_if_they_are_given(page):
    dated = dcsim.load({**TINY_DATA, "as_of": "2026-02-01", "author": "Site planning"})
    assert "As of 1 Feb 2026, by Site planning" in read(page(run(dated)))
    assert "As of" not in read(page(run(tiny())))


def test_only_links_to_the_web_are_links(page):
    text = page(run(tiny()))
    links = [attributes["href"] for tag, attributes in Outline(text).attributes if tag == "a"]
    assert {link for link in links if not link.startswith("#")} == {"https://example.org/a?b=1&c=2"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(re.findall(r'id="(\w+)"', text))
    assert "a bad link" in read(text)
    assert "javascript:" not in text.replace(scripts(text), "")


def scripts(text):
    """The longest script, which is plotly's."""
    return max(re.findall(r"<script>(.*?)</script>", text, re.DOTALL), key=len)


def test_without_drivers_the_replications_tell_what_moves_the_date(page):
    told = read(page(many(tiny(), 64)))
    assert "storm (low, rank correlation +" in told


def test_what_dcsim_leaves_out_is_said_as_in_the_readme(page):
    readme = " ".join(README.read_text().split())
    assert [limit for limit in LIMITS if limit not in readme] == []
    told = read(page(run(tiny())))
    assert all(limit.replace("`", "") in told.replace(" .", ".") for limit in LIMITS)


def test_the_footer_tells_how_to_make_it_again(page):
    told = read(page(run(tiny()), many(tiny())))
    assert tiny().document.sha256 in told
    assert f"Made by dcsim {dcsim.__version__}, expected values, seed 0, from the scenario" in told
    assert "dcsim run scenario.yaml --expected dcsim replicate scenario.yaml --seed 0 -n 40" in told


# One file that asks nobody


def test_the_page_is_small_and_asks_nobody(page):
    text = page(*everything())
    assert len(text.encode()) < MOST_BYTES
    outline = Outline(text)
    assert not {"iframe", "object", "embed", "base", "form", "img"} & set(outline.elements)
    named = [
        value for tag, one in outline.attributes for key, value in one.items() if key in ("src", "href") and tag != "a"
    ]
    assert named == ["data:,"]
    policy = next(one["content"] for tag, one in outline.attributes if one.get("http-equiv"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_the_same_results_give_the_same_page(page):
    findings = (run(tiny()), many(tiny()))
    assert page(*findings) == page(*findings)


def test_headings_and_tables_are_in_order(page):
    outline = Outline(page(*everything()))
    levels = [int(tag[1]) for tag in outline.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(one.get("scope") in ("col", "row", "rowgroup") for tag, one in outline.attributes if tag == "th")
    drawn = [one for tag, one in outline.attributes if "data-figure" in one]
    assert drawn
    assert all(one["role"] == "img" and len(one["aria-label"]) > 10 for one in drawn)
    assert ("html", {"lang": "en"}) in outline.attributes


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_told_from_the_paper(palette):
    """At least 4.5 for text and links, 3 for marks: WCAG 2.2; fair shades of orange, sky and purple carry no text."""
    for name in ("ink", "soft", "blue"):
        assert contrast(palette[name], palette["paper"]) >= 4.5, name
    for name in ("green", "red"):
        assert contrast(palette[name], palette["paper"]) >= 3, name


def contrast(one, other):
    """The ratio of luminances of two colours, by WCAG."""
    lights = sorted(luminance(colour) + 0.05 for colour in (one, other))
    return lights[1] / lights[0]


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# Escaping


@pytest.mark.slow
def test_whatever_a_scenario_is_called_is_text(page):
    text = page(run(evil()), many(evil()))
    clean = page(run(tiny()), many(tiny()))
    assert Outline(text).elements.count("script") == Outline(clean).elements.count("script")
    assert "img" not in Outline(text).elements
    told = unescape(text)
    assert EVIL in told
    assert TAG in told
    assert "alert(1)</script>" not in text.replace(scripts(text), "")
    assert "{{ 7 - 7 }}" in read(text)
    assert figures(text)


@pytest.mark.slow
def test_names_in_figures_are_text_to_plotly_too(page):
    """Plotly takes `<b>` and `<a>` in a label for markup."""
    text = page(run(evil()), many(evil()))
    told = json.dumps(figures(text))
    assert "<img" not in told
    assert "&lt;img src=x" in told
    assert "<" not in re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)[1]


# Figures


def test_the_fan_has_a_band_a_median_and_the_observed_date(page):
    low, high, median, observed, target = figures(page(many(tiny())))["chart0"]["data"]
    assert high["fill"] == "tonexty"
    assert max(median["y"]) == 6
    assert all(a >= b for a, b in zip(high["y"], median["y"], strict=True))
    assert low["x"] == median["x"]
    assert observed["x"] == ["2024-01-12 00:00"]
    assert (observed["y"], target["y"]) == ([3], [3])


@pytest.mark.slow
def test_no_figure_has_a_number_that_is_none(page):
    for name, figure in figures(page(*everything())).items():
        assert "NaN" not in json.dumps(figure), name
        assert figure["data"], name


# What belongs together


def test_other_scenarios_are_refused(page):
    other = dcsim.load({**tiny_values(), "name": "Another"})
    with pytest.raises(
        ResultError, match=r"results of different scenarios do not fit on one page: 'Tiny' \w+ \(run\) and"
    ):
        page(run(tiny()), run(other))
    with pytest.raises(ResultError, match="different scenarios"):
        page(run(other), comparison())


def test_a_comparison_may_stand_beside_one_of_its_scenarios(page):
    told = read(page(comparison(), run(more())))
    assert more().document.sha256 in told


@pytest.mark.slow
def test_what_was_laid_over_the_scenario_is_told_however_it_comes(page):
    assert "with resources.crane.count=2 ·" in read(page(run(more())))
    resolved = dcsim.load(TINY_DATA)
    about = {"variants": ["more"], "overrides": {"a.b": "2 d"}, "options": ["crane"], "mitigated": ["storm"]}
    kept = run(resolved)
    kept = Result(kept.kind, resolved, {**kept.about, **about}, kept.tables)
    told = read(page(run(resolved), kept))
    assert "with more · with a.b=2 d · with crane · with storm mitigated ·" in told


TINY_DATA = {"name": "Tiny data", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}}}


def test_nothing_is_no_page(page):
    with pytest.raises(RequestError, match="nothing to report: give at least one result folder"):
        page()


def test_an_unknown_milestone_is_refused(page):
    with pytest.raises(RequestError, match="no milestone 'halv'; did you mean 'half'"):
        page(run(tiny()), milestone="halv")


def test_a_page_is_a_file_of_html(tmp_path):
    with pytest.raises(ResultError, match="the name of a report must end in"):
        report(run(tiny()), path=tmp_path / "page.pdf")
    with pytest.raises(ResultError, match="cannot write"):
        report(run(tiny()), path=tmp_path / "nowhere" / "page.html")


def test_a_scenario_without_milestones_is_a_page(page):
    scenario = dcsim.load({"name": "x", "start": "2024-01-01", "activities": {"a": {"duration": "1 d"}}})
    assert "x has no milestones." in read(page(run(scenario)))
    assert "x has no milestones." in read(page(many(scenario, 4)))


# The command


@pytest.mark.slow
def test_the_command_reads_folders(dcsim, tiny, tmp_path):
    one, two, out = tmp_path / "one", tmp_path / "two", tmp_path / "page.html"
    assert dcsim("run", tiny, "--expected", "--out", str(one))[2] == 0
    assert dcsim("replicate", tiny, "-n", "8", "--engine", "reference", "--out", str(two))[2] == 0
    printed, _, code = dcsim("report", str(one), str(two), "-o", str(out), "--milestone", "half")
    assert (code, printed) == (0, f"report saved in {out}\n")
    assert out.stat().st_size < MOST_BYTES


def test_the_command_says_what_is_wrong(dcsim, tmp_path):
    _, err, code = dcsim("report", str(tmp_path / "none"), "-o", str(tmp_path / "page.html"))
    assert code == 2
    assert "there is no folder" in err


# Words


def test_numbers_in_words():
    shares = [f"{number}\N{NO-BREAK SPACE}%" for number in ("0", "<1", "50", ">99", "100")]
    assert [shift(12.4), shift(-3.25), shift(0.0), shift(0.01), shift(float("inf"))] == [
        "+12",
        "\N{MINUS SIGN}3.2",
        "0",
        "0",
        "never",
    ]
    assert [share(0.0), share(0.001), share(0.5), share(0.999), share(1.0)] == shares
    assert [days(2.5), days(159.3), days(float("inf"))] == ["2.5 d", "159 d", "never"]
    assert [money(2e7, "USD"), money(950, "USD"), money(1234567.5), money(0)] == ["20M USD", "950 USD", "1.23M", "0"]
    assert [cell(None), cell(float("nan")), cell(3), cell(2.5), cell("a")] == ["", "", "3", "2.5", "a"]


def test_findings_of_another_kind_are_no_obstacle(page):
    assert "Every number" in read(page(run(tiny()), found("unheard", {})))


def test_a_rare_risk_of_a_site_is_ranked_over_all_replications(tmp_path):
    """Whether it occurs, not when it does in the few replications in which it does."""
    (tmp_path / "north.yaml").write_text(
        """
name: North
start: 2026-01-01
horizon: 300 d
activities:
  dig: {duration: 35 d}
  build: {after: dig, duration: {uniform: [40 d, 60 d]}}
risks:
  strike: {probability: 0.06, begins: 2 to 30 d, effects: {activities.build: {each: 5 to 60 d}}}
milestones: {built: {activity: build}}
"""
    )
    document = {"name": "Both", "start": "2026-01-01", "horizon": "300 d", "include": {"north": {"file": "north.yaml"}}}
    result = dcsim.replicate(dcsim.load(document, root=tmp_path), n=256, engine="reference")
    draws = result.draws[result.draws["name"] == "risks.north.strike"]["value"]
    assert 5 < draws.notna().sum() < 30
    days = result.milestones["day"]
    _, inputs = leans(together([result]))
    (strike,) = (lean for lean in inputs if lean.kind == "risk")
    assert strike.high == pytest.approx(stats.spearmanr(draws.notna(), days).statistic)
