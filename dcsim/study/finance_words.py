"""What an answer about money has to say: figures, events, years, loans, conventions, pictures."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from dcsim.document.chart import Axis, Band, Bars, Chart, Dots, Line, Mark, Rule
from dcsim.document.colours import PARTS
from dcsim.document.measure import scaled
from dcsim.document.report import Cell, Column, Report, Section, Table
from dcsim.document.words import NEVER, date_of, money, share
from dcsim.money.books import COSTS, INCOME, signed
from dcsim.scenario.finance import TOGETHER
from dcsim.study.finance_observed import named, observed_table, outside, own_or_rent_table
from dcsim.study.finance_terms import BASIS, CONVENTIONS, DELAY, LABELS, LEASED, NOT_MODELLED, RENTED, terms
from dcsim.study.joint_words import joint, section
from dcsim.study.result import Result

NETTED = "Of all together, where the cash of one counts for what another lacks:"
LENT = ("rent_missed", "breach", "default", "acceleration", "repaid")
"""Events that only debt has."""


def report(result: Result, milestone: str = "") -> Report:
    """The figures of a party with their quantiles, its events, its years, its loans, and all conventions."""
    about = result.about
    party = str(about["party"])
    year = f", prices of {about['price_year']}" if about["price_year"] else ""
    subject = [*result.subject(), f"party: {party}", f"{about['currency']}{year}, to {about['until']}"]
    sections = [
        Section(
            "",
            (*_answer(result), *_unready(result), *_unaware(result)),
            tables=_tables(result, party),
            charts=(cash(result),),
            notes=tuple(_no_rate(result)),
        ),
        *_observed(result),
        section(result),
        Section("Sources and uses, expected build", tables=(_sides(result),), charts=(sources(result),)),
        Section("By year, expected build", tables=(_years(result),), charts=(income(result),)),
        *_loans(result),
        *_leases(result),
        *_rented(result),
        Section("What a day costs", tables=(_delays(result),), notes=(DELAY,)),
        Section("Conventions", points=(terms(result.scenario), *CONVENTIONS), notes=(NOT_MODELLED,)),
    ]
    return Report.of("Money", subject, sections)


def _of(result: Result, table: str, party: str = "") -> pd.DataFrame:
    rows = result.tables[table]
    return rows[rows["party"] == (party or result.about["party"])]


def _answer(result: Result) -> Iterator[str]:
    """NPV, and when cash runs out and how much is missing: of each party, then of all together."""
    currency, drawn, party = str(result.about["currency"]), result.about["seed"] != "expected", result.about["party"]
    figures, events = result.tables["figures"], result.tables["events"]
    rows = {(row["party"], row["figure"]): row for row in figures.to_dict("records")}
    npv = rows[party, "npv"]
    spread = f", P10 to P90 {money(npv['p10'])} to {money(npv['p90'], currency)}" if drawn else ""
    yield f"NPV is {money(npv['expected'], currency)} in the expected build{spread}."

    def when(row: Mapping[Hashable, Any], more: str = "") -> str:
        date = f"by {date_of(row['expected'])}{more}" if not pd.isna(row["expected"]) else NEVER
        often = f"in {share(row['happens'], result.simulated, 0)} of the replications"
        return f"{often} (expected build: {date})" if drawn else date

    out = {row["party"]: row for row in events[events["event"] == "runs_out"].to_dict("records")}
    ends = {
        name: when(out[name], f", {money(rows[name, 'funding_gap']['expected'], currency)} missing")
        for name in (*result.about["parties"], TOGETHER)
    }
    if _nets(result):
        apart = "; ".join(f"of {name} {ends[name]}" for name in result.about["parties"])
        yield f"Cash runs out: {apart}. {NETTED} {ends[TOGETHER]}."
    else:
        yield f"Cash runs out: {ends[party]}."
    for row in _of(result, "events").to_dict("records"):
        if row["event"] == "rent_missed" and row["happens"]:
            yield f"A rent is missed {when(row)}."


def _nets(result: Result) -> bool:
    """Whether several parties are reported as one."""
    return bool(result.about["party"] == TOGETHER and len(result.about["parties"]) > 1)


def _unready(result: Result) -> list[str]:
    """Loans whose interest is added for ever."""
    why = "the milestone until which its interest is added is never reached in the expected build"
    return [f"{name}: {why}." for name in result.about["never_ready"]]


def _no_rate(result: Result) -> Iterator[str]:
    """Why the expected build has no IRR."""
    for row in _of(result, "figures").to_dict("records"):
        if row["note"]:
            yield f"{LABELS[row['figure']]}: {row['note']}."


def _unaware(result: Result) -> list[str]:
    """What the build with expected values does not know."""
    seen = "The expected build ignores sightings; P10, P50 and P90 do not."
    return [seen] if result.about.get("seen") else []


def _tables(result: Result, name: str) -> tuple[Table, ...]:
    """The figures and the events of a party or a loan."""
    n = 0 if result.about["seed"] == "expected" else int(result.about["replications"])
    labels = LABELS | ({"npv": "NPV of the lender's cash"} if name in set(result.tables["loans"]["loan"]) else {})
    if name == TOGETHER and _nets(result):
        labels |= {key: f"{labels[key]}, parties netted" for key in ("funding_gap", "runs_out", "gap_month")}
    tables = _figures(_of(result, "figures", name), n, labels), _events(_of(result, "events", name), n, labels)
    return tuple(table for table in tables if table.rows)


def _figures(figures: pd.DataFrame, n: int, labels: Mapping[str, str]) -> Table:
    """Figures of the expected build, and of replications if there are any."""
    rows = []
    for row in figures.to_dict("records"):
        values = [row[key] for key in ("expected", "mean", "p10", "p50", "p90")]
        cells: list[Any] = [Cell(value, kind=row["kind"]) for value in values]
        if row["note"] and np.isnan(values[0]):
            cells[0] = "none"
        if row["note"] or not np.isnan(values).all():
            rows.append([labels[row["figure"]], *cells, row["there"]])
    titles = ("expected", "mean", "P10", "P50", "P90")
    columns = (Column("figure"), *(Column(title, "money") for title in titles), Column("exists in", "share", 0, 0))
    most = len(columns) if n else 2
    return Table(columns[:most], [row[:most] for row in rows])


def _events(events: pd.DataFrame, n: int, labels: Mapping[str, str]) -> Table:
    """Events of the expected build, and of replications if there are any."""
    rows = [
        [labels[row["event"]], *(_date(row, key) for key in ("expected", "p10", "p50", "p90")), row["happens"]]
        for row in events.to_dict("records")
        if row["event"] not in LENT or row["happens"] or not pd.isna(row["expected"])
    ]
    titles = ("expected", "P10", "P50", "P90")
    columns = (Column("event"), *(Column(title, "month") for title in titles), Column("happens in", "share", n, 0))
    most = len(columns) if n else 2
    return Table(columns[:most], [row[:most] for row in rows])


def _date(row: Mapping[Hashable, Any], key: str) -> Any:
    """The month of an event, or its year."""
    value = row[key]
    return Cell(value.year, kind="year") if row["event"] == "first_profitable_year" and not pd.isna(value) else value


def _observed(result: Result) -> Iterator[Section]:
    rows = result.tables["observed"]
    if len(rows):
        points = [f"{named(row)}: {row['meaning']}" for row in rows.to_dict("records") if row["meaning"]]
        notes = (BASIS,) if result.about["seed"] == "expected" else (outside(rows), BASIS)
        yield Section("Beside what was reported", tables=(observed_table(rows),), points=tuple(points), notes=notes)


def _rented(result: Result) -> Iterator[Section]:
    rows = result.tables["own_or_rent"]
    if len(rows):
        yield Section("Own or rent", tables=(own_or_rent_table(rows),), notes=(RENTED,))


def _sides(result: Result) -> Table:
    rows = _of(result, "sources")
    rows = rows[rows["amount"] != 0]
    total = rows.groupby("side")["amount"].sum()
    cells = [[row["side"], row["line"], row["amount"]] for row in rows.to_dict("records")]
    sides = rows["side"].tolist()
    for side, amount in total.items():
        here = [number - len(cells) for number, name in enumerate(sides) if name == side]
        formula = f"SUM(R[{here[0]}]C:R[{here[-1]}]C)"
        cells.append([f"all {side}s", "", Cell(float(amount), formula=formula)])
    return Table((Column("side"), Column("line"), Column("amount", "money")), cells)


def _years(result: Result) -> Table:
    """Sums of the years of the statements, costs below zero; of the balance sheet the end of each."""
    rows = _of(result, "statements")
    grouped = rows.assign(year=rows["month"].dt.year).groupby(["statement", "line", "year"])["amount"]
    sums, ends = grouped.sum(), grouped.last()
    years = sorted(set(rows["month"].dt.year))
    wanted = [("income", line) for line in INCOME]
    wanted += [("cash flow", "investment"), ("cash flow", "net cash flow")]
    cells: list[list[Any]] = []
    for statement, line in wanted:
        amounts: list[Any] = [signed(line, float(sums[statement, line, year])) for year in years]
        if line == "net income":
            formula = f"SUM(R[{-len(cells)}]C:R[-1]C)" if cells else ""
            amounts = [Cell(amount, formula=formula) for amount in amounts]
        elif not any(amounts):
            continue
        cells.append([line, *amounts])
    for line in ("cash", "loans"):
        cells.append([f"{line} at the end", *(float(ends["balance sheet", line, year]) for year in years)])
    return Table((Column(str(result.about["currency"])), *(Column(str(year), "money") for year in years)), cells)


def _loans(result: Result) -> Iterator[Section]:
    together = result.about["party"] not in set(result.tables["loans"]["party"])
    rows = result.tables["loans"] if together else _of(result, "loans")
    for name, part in rows.groupby("loan", sort=False):
        cells = []
        for year, months in part.groupby(part["month"].dt.year):
            end = months.iloc[-1]
            sums = [float(months[key].sum()) for key in ("drawn", "added", "interest", "repaid")]
            cells.append([str(year), *sums, float(end["balance"]), float(end["ltv"])])
        titles = ("drawn", "added", "interest", "repaid", "owed")
        columns = (Column("year"), *(Column(title, "money") for title in titles), Column("LTV", "share"))
        charts = tuple(chart for draw in (ltv, dscr) if not (chart := draw(result, str(name))).empty)
        yield Section(f"Loan: {name}", tables=_tables(result, str(name)), charts=charts)
        yield Section(f"Loan: {name}, expected build", tables=(Table(columns, cells),))


def _delays(result: Result) -> Table:
    rows = _of(result, "delays")
    cells = [[f"{row['month']:%Y-%m}", row["npv_lost"], row["gap_added"]] for row in rows.to_dict("records")]
    columns = (Column("a day in", "date"), Column("NPV lost", "money"), Column("added to the gap", "money"))
    return Table(columns, cells)


def _leases(result: Result) -> Iterator[Section]:
    rows = result.tables["leases"]
    if len(rows):
        cells = [
            [
                name,
                *(float(part[key].sum()) for key in ("rent", "paid", "written_off")),
                float(part["owed"].iloc[-1]),
                *(float(part[key].iloc[0]) for key in ("agreed", "realised")),
            ]
            for name, part in rows.groupby("lease")
        ]
        amounts = (Column(title, "money") for title in ("rents due", "paid", "written off", "owed at the end"))
        rates = (Column(title, "share", 0, 2) for title in ("rate by contract", "realised"))
        table = Table((Column("lease"), *amounts, *rates), cells)
        yield Section("Leases, expected build", tables=(table,), notes=(LEASED,))
        if result.about["seed"] != "expected":
            for name in rows["lease"].unique():
                yield Section(f"Lease: {name}", tables=_tables(result, str(name)))


def _scale(amounts: pd.Series, currency: str) -> tuple[float, str]:
    """By what amounts are divided on an axis, and what is written there."""
    return scaled(amounts.to_numpy(np.float64), currency)


def cash(result: Result, party: str = "") -> Chart:
    """Cash at the end of each month: the expected build, the P10 to P90 of all, and when it runs out."""
    name, currency = party or str(result.about["party"]), str(result.about["currency"])
    rows = _of(result, "monthly", name)
    size, unit = _scale(pd.concat([rows[key] for key in ("cash", "cash_p10", "cash_p90")]), currency)
    x = rows["month"].to_numpy("datetime64[s]")
    marks: list[Mark] = []
    if result.about["seed"] != "expected":
        low, middle, high = (rows[key].to_numpy() / size for key in ("cash_p10", "cash_p50", "cash_p90"))
        marks.append(Band(name="P10 to P90", x=x, low=low, high=high, opacity=0.25))
        marks.append(Line(name="P50", x=x, y=middle, dash="dash"))
    points = zip(rows["month"], rows["cash"], strict=True)
    notes = [f"{month:%Y-%m}: {money(amount, currency)}" for month, amount in points]
    marks.append(Line(name="expected build", colour="orange", x=x, y=rows["cash"].to_numpy() / size, notes=notes))
    events = _of(result, "events", name)
    event = pd.Timestamp(events.loc[events["event"] == "runs_out", "expected"].iloc[0])
    when = "never runs out"
    if event == event:
        when = f"runs out by {event:%Y-%m-%d}"
        marks.append(Rule(name="cash runs out", colour="red", at=event.to_pydatetime(), dash="dash"))
    title = f"Cash of {'all parties' if name == TOGETHER else name} {when} in the expected build"
    y = Axis(title=f"cash at the end of the month, {unit}", line_at_zero=True)
    said = f"{title}; at the end it is {money(float(rows['cash'].iloc[-1]), currency)}"
    note = "Below zero money is missing that nobody has promised."
    if name == TOGETHER and _nets(result):
        note += " The cash of one party counts here for what another lacks."
    if result.about["seed"] != "expected":
        often = share(float(events.loc[events["event"] == "runs_out", "happens"].iloc[0]), result.simulated, 0)
        note += f" It runs out in {often} of the replications."
    return Chart(title, Axis("date"), y, marks, note, said)


def sources(result: Result, party: str = "") -> Chart:
    """Where the money of the expected build comes from, and where it goes."""
    name, currency = party or str(result.about["party"]), str(result.about["currency"])
    rows = _of(result, "sources", name)
    rows = rows[rows["amount"] != 0]
    size, unit = _scale(rows["amount"], currency)
    names = [str(line) for line in rows["line"]]
    marks = []
    for side, colour in (("source", "blue"), ("use", "orange")):
        here = np.flatnonzero((rows["side"] == side).to_numpy())
        amounts = rows["amount"].to_numpy(np.float64)[here]
        labels = [money(amount) for amount in amounts.tolist()]
        if len(here):
            at, start = here.tolist(), np.zeros(len(here))
            marks.append(Bars(name=f"{side}s", colour=colour, rows=at, start=start, end=amounts / size, labels=labels))
    said = "; ".join(f"{line} {money(amount, currency)}" for line, amount in zip(names, rows["amount"], strict=True))
    axis = Axis(title=f"{unit}, from the start to the last month")
    title = f"Sources and uses of money of {'all parties' if name == TOGETHER else name}"
    empty = "" if names else "no money moves"
    return Chart(title, axis, Axis("rows", names=names), marks, "", said, empty=empty)


def income(result: Result, party: str = "") -> Chart:
    """What a party earns and what that costs, year by year, and the net income, in the expected build."""
    name, currency = party or str(result.about["party"]), str(result.about["currency"])
    rows = _of(result, "statements", name)
    rows = rows[rows["statement"] == "income"]
    table = rows.assign(year=rows["month"].dt.year).pivot_table(
        index="year", columns="line", values="amount", aggfunc="sum"
    )
    table = table.mul([-1 if line in COSTS else 1 for line in table.columns], axis=1)
    net = table.pop("net income")
    lines = [line for line in INCOME if line in table and table[line].any()]
    size, unit = _scale(
        pd.concat([table[lines].clip(lower=0).sum(axis=1), table[lines].clip(upper=0).sum(axis=1)]), currency
    )
    ends = {1: np.zeros(len(table)), -1: np.zeros(len(table))}
    marks: list[Mark] = []
    for line, (colour, hatch) in zip(lines, PARTS, strict=False):
        amounts = table[line].to_numpy(np.float64) / size
        side = 1 if amounts.sum() > 0 else -1
        start, end = ends[side], ends[side] + amounts
        ends[side] = end
        notes = [
            f"{year}, {line}: {money(amount * size, currency)}"
            for year, amount in zip(table.index, amounts, strict=True)
        ]
        marks.append(
            Bars(name=line, colour=colour, hatch=hatch, rows=range(len(table)), start=start, end=end, notes=notes)
        )
    at = np.arange(len(net), dtype=np.float64)
    marks.append(Dots(name="net income", colour="ink", symbol="diamond", x=net.to_numpy() / size, y=at))
    said = "; ".join(f"{year} {money(amount, currency)}" for year, amount in net.items())
    title = f"Income of {'all parties' if name == TOGETHER else name} by year and what is left of it, expected build"
    axis = Axis(title=f"{unit}; left of zero: costs", line_at_zero=True)
    empty = "" if lines else "nothing is earned or spent"
    return Chart(
        title,
        axis,
        Axis("rows", names=[f"{year}: net {money(amount)}" for year, amount in net.items()]),
        marks,
        "",
        said,
        empty=empty,
    )


def ltv(result: Result, loan: str = "") -> Chart:
    """What is owed to a loan, the first if none is named, per market value of the assets it is lent against."""
    return _ratio(result, "ltv", loan)


def dscr(result: Result, loan: str = "") -> Chart:
    """By how much the cash of a loan, the first if none is named, covers its debt service."""
    return _ratio(result, "dscr", loan)


def _ratio(result: Result, key: str, loan: str) -> Chart:
    """A ratio of a loan at the end of each month, with its fan, and its covenant."""
    rows = result.tables["loans"]
    loan = loan or str(next(iter(rows["loan"]), ""))
    rows = rows[rows["loan"] == loan]
    here = np.isfinite(rows[[key, f"{key}_p10", f"{key}_p90"]].to_numpy(np.float64)).any(axis=1)
    rows = rows.loc[here & ((rows["balance"] > 0) | (rows["service"] > 0)).to_numpy()]
    x, name, title = rows["month"].to_numpy("datetime64[s]"), _RATIO_NAMES[key], f"{key.upper()} of {loan}"
    values = {level: rows[f"{key}{level}"].replace(np.inf, np.nan).to_numpy() for level in ("", "_p10", "_p50", "_p90")}
    marks: list[Mark] = []
    if result.about["seed"] != "expected":
        marks.append(Band(name="P10 to P90", x=x, low=values["_p10"], high=values["_p90"], opacity=0.25))
        marks.append(Line(name="P50", x=x, y=values["_p50"], dash="dash"))
    marks.append(Line(name="expected build", colour="orange", x=x, y=values[""]))
    asked = result.about["covenants"].get(loan, {}).get(key)
    if asked is not None:
        marks.append(Line(name="covenant", colour="red", x=x, y=np.full(len(x), asked), dash="dot"))
        title += f": the covenant is at {'least' if key == 'dscr' else 'most'} {asked:g}"
    said = title if not len(rows) else f"{title}; it is last {rows[key].iloc[-1]:.2f} in the expected build"
    return Chart(title, Axis("date"), Axis(title=name), marks, "", said, empty="" if len(rows) else "nothing is owed")


_RATIO_NAMES = {"ltv": "loan to value", "dscr": "debt service cover ratio"}
CHARTS = {"cash": cash, "joint": joint, "income": income, "sources": sources, "ltv": ltv, "dscr": dscr}
