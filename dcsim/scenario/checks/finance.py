"""Money: one currency, parties and names that exist, prices for what they are paid for, parts that add up."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from dcsim.places import Places
from dcsim.scenario.checks.breakdown import check_pattern
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.checks.quantities import check_moment, check_uncertain, minutes
from dcsim.scenario.document import Key
from dcsim.scenario.finance import HAPPENS, TOGETHER, Asset, Cost, Finance, Funding, Lease, Rented, Reported, Revenue
from dcsim.scenario.prices import HOUR, MONTH, MWH, Path, parse_month
from dcsim.scenario.schema import Scenario
from dcsim.units import Span, parse_amount, parse_money, plain

MOST_MONTHS = 1200
MOST_LOANS = 100
MOST_MONEY = Fraction(10**12)
"""What a single price may be, in units of its currency."""
_WHEN = {"supply": ("ordered", "delivered", "consumed"), "activity": ("start", "finish")}
_PER = {"": "a unit, such as '30_000 USD'", HOUR: "'380 USD / h'", MONTH: "'90M USD / month'", MWH: "'64 USD / MWh'"}
_LENT = frozenset(Funding.model_fields) - {"equity", "loan", "by", "date", "description"}


def check_finance(scenario: Scenario, findings: Problems) -> None:
    """The finance of a scenario makes sense in itself."""
    if scenario.finance is not None:
        _Check(scenario, scenario.finance, findings).all()


def check_finance_in_places(scenario: Scenario, places: Places, findings: Problems) -> None:
    """What is paid for in some places is there in places that exist."""
    if scenario.finance is None:
        return
    for path, thing in _things(scenario.finance):
        if isinstance(thing, Cost | Revenue | Rented) and thing.place is not None:
            level = _level(scenario, thing)
            if level in places.tiers:
                check_pattern((*path, "place"), thing.place, level, places, findings)


def _things(finance: Finance) -> Iterator[tuple[Key, Any]]:
    for section in ("costs", "revenue", "assets", "funding", "leases", "rent_instead", "observed"):
        for name, thing in getattr(finance, section).items():
            yield ("finance", section, name), thing


def _level(scenario: Scenario, thing: Cost | Revenue | Rented) -> str:
    if thing.supply in scenario.supplies:
        return scenario.supplies[thing.supply].per
    if isinstance(thing, Cost) and thing.activity in scenario.activities:
        return scenario.activities[thing.activity].at
    if isinstance(thing, Cost) and thing.resource in scenario.resources:
        return scenario.resources[thing.resource].per
    return ""


class _Check:
    """What is wrong with the finance of one scenario."""

    def __init__(self, scenario: Scenario, finance: Finance, findings: Problems) -> None:
        self.scenario, self.finance, self.findings = scenario, finance, findings

    def all(self) -> None:
        finance, findings, root = self.finance, self.findings, ("finance",)
        findings.read((*root, "currency"), parse_money, f"1 {finance.currency}")
        first = _month(self.scenario.start)
        here, lasts = (*root, "until"), _month(finance.until) - first
        findings.require(lasts >= 0, here, f"is before the start, {self.scenario.start:%Y-%m}")
        findings.require(
            lasts < MOST_MONTHS, here, f"statements may end at most {MOST_MONTHS:,} months after the start"
        )
        lent = [name for name, funding in finance.funding.items() if funding.loan is not None]
        findings.require(len(lent) <= MOST_LOANS, (*root, "funding"), f"at most {MOST_LOANS} loans, got {len(lent):,}")
        rate = finance.discount_rate
        findings.require(0 <= rate < 10, (*root, "discount_rate"), f"expected a rate such as 0.12, got {plain(rate)}")
        apart = abs(_month(finance.valuation_date or self.scenario.start) - first)
        far = f"may lie at most {MOST_MONTHS:,} months from the start, {self.scenario.start:%Y-%m}"
        findings.require(apart <= MOST_MONTHS, (*root, "valuation_date"), far)
        is_named_once = bool(finance.parties) and len(set(finance.parties)) == len(finance.parties)
        findings.require(is_named_once, (*root, "parties"), "expected at least one party, each once")
        for name, reference in finance.reference_rates.items():
            self.rate((*root, "reference_rates", name), reference)
        self.whole_months((*root, "dscr", "length"), finance.dscr.length)
        for name, shared in finance.distributions.items():
            path: Key = (*root, "distributions", name)
            self.known(path, "party", name, finance.parties)
            findings.require(0 <= shared.share <= 1, (*path, "share"), "must be between 0 and 1")
            self.path((*path, "keep"), shared.keep)
        self.names(lent)
        for path, thing in _things(finance):
            self.known((*path, "by"), "party", getattr(thing, "by", None), finance.parties)
            self.known((*path, "asset"), "asset", getattr(thing, "asset", None), finance.assets)
            match thing:
                case Cost():
                    self.cost(path, thing)
                case Revenue():
                    self.revenue(path, thing)
                case Asset():
                    self.asset(path, thing)
                case Funding():
                    self.funding(path, thing)
                case Lease():
                    self.lease(path, thing)
                case Rented():
                    self.rented(path, thing)
                case Reported():
                    self.reported(path, thing)
        self.bought_once()

    def names(self, lent: list[str]) -> None:
        """Parties, loans and leases have figures under their names: each has its own."""
        finance, findings = self.finance, self.findings
        taken = {TOGETHER: "all parties together"}
        for kind, what, names in (
            ("parties", "a party", finance.parties),
            ("funding", "a loan", lent),
            ("leases", "a lease", finance.leases),
        ):
            for name in names:
                path: Key = ("finance", kind) if kind == "parties" else ("finance", kind, name)
                is_free = taken.get(name, what) == what
                findings.require(is_free, path, f"'{name}' names {taken.get(name)} already; rename this one")
                findings.require(bool(name), path, "a name is empty; write one")
                taken.setdefault(name, what)

    def cost(self, path: Key, cost: Cost) -> None:
        subjects = [name for name in ("supply", "activity", "resource", "date") if getattr(cost, name) is not None]
        if len(subjects) > 1:
            self.findings.add(path, f"must have one subject, got {' and '.join(f'`{name}`' for name in subjects)}")
            return
        subject = subjects[0] if subjects else ""
        self.known((*path, "supply"), "supply", cost.supply, self.scenario.supplies)
        self.known((*path, "activity"), "activity", cost.activity, self.scenario.activities)
        self.known((*path, "resource"), "resource", cost.resource, self.scenario.resources)
        if subject == "supply" and cost.rent is not None:
            self.findings.require(cost.price is None, (*path, "rent"), "give either a `price` or a `rent`")
            self.path((*path, "rent"), cost.rent, MONTH)
        else:
            self.findings.require(cost.rent is None, (*path, "rent"), "only units of a supply can be rented")
            per = {"supply": MWH if cost.uses is not None else "", "resource": HOUR, "": MONTH}.get(subject, "")
            self.findings.require(cost.price is not None, path, f"needs `price`, in {_PER[per]}")
            self.path((*path, "price"), cost.price, per)
        if cost.uses is not None:
            self.findings.require(subject == "supply", (*path, "uses"), "energy needs a `supply` whose units use it")
            self.findings.read((*path, "uses"), parse_amount, cost.uses, "W")
        self.findings.require(cost.pue >= 1, (*path, "pue"), f"expected at least 1, got {plain(cost.pue)}")
        self.payments(path, cost, subject)

    def payments(self, path: Key, cost: Cost, subject: str) -> None:
        path = (*path, "paid")
        by_unit = subject == "activity" or (subject == "supply" and cost.rent is None and cost.uses is None)
        if not cost.paid or not by_unit:
            self.findings.require(not cost.paid, path, "only units and activities can be paid in parts; leave it out")
            return
        when = {payment.when for payment in cost.paid}
        allowed = _WHEN[subject]
        self.findings.require(when <= set(allowed), path, f"`when` of a {subject} must be one of {', '.join(allowed)}")
        mixed = "consumed" in when and len(when) > 1
        self.findings.require(not mixed, path, "a payment at consumption must be the only part")
        total = sum(payment.share for payment in cost.paid)
        self.findings.require(total == 1, path, f"the shares must add up to 1, got {plain(total)}")
        negative = any(payment.share < 0 for payment in cost.paid)
        self.findings.require(not negative, path, "a share must not be negative")
        for payment in cost.paid:
            self.findings.read(path, minutes, payment.after)

    def revenue(self, path: Key, revenue: Revenue) -> None:
        self.known((*path, "supply"), "supply", revenue.supply, self.scenario.supplies)
        self.known((*path, "paid_by"), "party", revenue.paid_by, self.finance.parties)
        itself = revenue.paid_by is not None and revenue.paid_by == self.finance.party(revenue.by)
        self.findings.require(not itself, (*path, "paid_by"), "a party cannot pay itself")
        self.hourly(path, revenue)

    def rented(self, path: Key, rented: Rented) -> None:
        self.known((*path, "supply"), "supply", rented.supply, self.scenario.supplies)
        for name in rented.costs:
            self.known((*path, "costs"), "cost", name, self.finance.costs)
        self.findings.require(not rented.costs or rented.by is None, (*path, "by"), "give either `costs` or a party")
        self.findings.require(rented.units > 0, (*path, "units"), "how many units are wanted, above 0")
        self.hourly(path, rented)

    def hourly(self, path: Key, revenue: Revenue | Rented) -> None:
        """A price of an hour, and parts of the units and of their hours."""
        per = revenue.price.per
        self.path((*path, "price"), revenue.price, per if per in ("", HOUR) else HOUR)
        for key in ("share", "utilisation"):
            self.path((*path, key), getattr(revenue, key))
            values = [v for _, step in getattr(revenue, key).steps for v in step.values if step.kind == "fixed"]
            self.findings.require(all(v <= 1 for v in values), (*path, key), "expected a share of at most 1")

    def asset(self, path: Key, asset: Asset) -> None:
        for name in asset.costs or (path[-1],):
            self.known((*path, "costs"), "cost", str(name), self.finance.costs)
        self.whole_months((*path, "life"), asset.life)
        self.findings.require(0 <= asset.sale_discount <= 1, (*path, "sale_discount"), "must be between 0 and 1")
        months = [self.whole_months((*path, "market_value"), age, 0) for age in asset.market_value]
        if months:
            self.findings.require(0 in months, (*path, "market_value"), "must begin with the age `0 months`")
            self.findings.require(len(set(months)) == len(months), (*path, "market_value"), "each age must appear once")
        for value in asset.market_value.values():
            check_uncertain((*path, "market_value"), value, Fraction, self.findings)
        self.findings.require(
            bool(months) or not asset.new_architecture, (*path, "new_architecture"), "lowers a `market_value`: write it"
        )
        for number, new in enumerate(asset.new_architecture):
            here = (*path, "new_architecture", number)
            check_moment((*here, "date"), new.date, self.scenario.start, self.findings)
            check_uncertain((*here, "market_value"), new.market_value, Fraction, self.findings)
            self.findings.require(
                0 not in new.market_value.values, (*here, "market_value"), "a part of the value, above 0"
            )

    def lease(self, path: Key, lease: Lease) -> None:
        asset, finance = lease.asset or str(path[-1]), self.finance
        self.known((*path, "asset"), "asset", asset if lease.asset is None else None, finance.assets)
        self.known((*path, "to"), "party", lease.to, finance.parties)
        self.known((*path, "from"), "party", lease.lessor, finance.parties)
        self.whole_months((*path, "term"), lease.term)
        if lease.rent.currency:
            self.path((*path, "rent"), lease.rent, MONTH)
        else:
            self.rate((*path, "rent"), lease.rent)
        self.findings.require(0 <= lease.residual <= 1, (*path, "residual"), "must be between 0 and 1")
        if asset not in finance.assets:
            return
        first = next(name for name, leased in finance.leases.items() if (leased.asset or name) == asset)
        once = f"'{asset}' is leased by '{first}' already; one lease is of all of an asset"
        self.findings.require(first == path[-1], (*path, "asset"), once)
        owner, cost = finance.owner(asset), finance.costs.get((finance.assets[asset].costs or (asset,))[0])
        self.findings.require(lease.lessor in (None, owner), (*path, "from"), f"'{asset}' belongs to '{owner}'")
        itself = lease.to == owner and lease.lessor in (None, owner)
        self.findings.require(not itself, (*path, "to"), "a party does not pay itself")
        counted = not lease.rent.currency or (cost is not None and cost.supply is not None)
        self.findings.require(counted, (*path, "rent"), "a rent of a unit is of an asset whose first cost is a supply")

    def reported(self, path: Key, reported: Reported) -> None:
        event, per = reported.figure in HAPPENS, reported.amount.per if reported.amount is not None else ""
        fits = event == (reported.amount is None)
        self.findings.require(fits, (*path, "amount"), "an event has none" if event else "needs the reported amount")
        self.path((*path, "amount"), reported.amount, per if per == MONTH else "")
        first = parse_month(f"{reported.when}-01"[:7])
        here = _month(self.scenario.start) <= _month(first) <= _month(self.finance.until)
        here = here or (len(reported.when) == 4 and first.year == self.scenario.start.year)
        self.findings.require(event or here, (*path, "in"), f"{reported.when} lies outside of the statements")

    def funding(self, path: Key, funding: Funding) -> None:
        if (funding.equity is None) == (funding.loan is None):
            self.findings.add(path, "must be either `equity` or a `loan`")
            return
        late = "comes after the last month of the statements, and counts nowhere"
        if funding.date is not None and _month(funding.date) > _month(self.finance.until):
            self.findings.warn((*path, "date"), late)
        if funding.equity is not None:
            self.path((*path, "equity"), funding.equity)
            for key in sorted(_LENT & funding.model_fields_set):
                self.findings.add((*path, key), "needs a `loan`")
            return
        self.path((*path, "loan"), funding.loan)
        for key, meaning in (("rate", "the yearly interest"), ("term", "the duration of the loan")):
            self.findings.require(getattr(funding, key) is not None, path, f"needs `{key}`: {meaning}")
        for key in ("term", "available"):
            if getattr(funding, key) is not None:
                self.whole_months((*path, key), getattr(funding, key))
        if funding.rate is not None:
            self.rate((*path, "rate"), funding.rate)
            self.known((*path, "rate"), "reference rate", funding.rate.over or None, self.finance.reference_rates)
        self.protected(path, funding)
        self.known((*path, "interest_until"), "milestone", funding.interest_until, self.scenario.milestones)
        for key in ("advance", "fee", "commitment_fee", "sweep"):
            self.findings.require(0 <= getattr(funding, key) <= 1, (*path, key), "must be between 0 and 1")
        for name in funding.against:
            self.known((*path, "against"), "asset", name, self.finance.assets)
        owners = {self.finance.owner(name) for name in funding.against if name in self.finance.assets} - {
            self.finance.party(funding.by)
        }
        self.findings.require(not owners, (*path, "against"), f"these assets belong to {', '.join(sorted(owners))}")

    def protected(self, path: Key, funding: Funding) -> None:
        """How a loan is repaid, its reserve, its covenants, and what follows a default."""
        findings, asked = self.findings, funding.covenants
        sculpted = funding.repaid == "sculpted"
        fits = sculpted == (funding.sculpted_to is not None)
        findings.require(fits, (*path, "sculpted_to"), "goes with `repaid: sculpted`, such as 1.3")
        ratios: dict[Key, Fraction | None] = {("sculpted_to",): funding.sculpted_to}
        ratios |= {("covenants", key): getattr(asked, key) for key in ("dscr", "ltv", "lock_up")}
        for key, value in ratios.items():
            findings.require(value is None or value > 0, (*path, *key), "a ratio above 0")
        if funding.reserve is not None:
            self.whole_months((*path, "reserve"), funding.reserve)
        if "tested" in asked.model_fields_set and asked.dscr is None and asked.ltv is None:
            findings.warn((*path, "covenants", "tested"), "no ratio is tested: give `dscr`, `ltv` or both")
        self.whole_months((*path, "covenants", "first_test"), asked.first_test, 0)
        findings.read((*path, "covenants", "cure"), minutes, asked.cure)
        findings.read((*path, "notice"), minutes, funding.notice)
        needs = funding.default == "seize" or asked.ltv is not None or funding.base == "market_value"
        findings.require(bool(funding.against) or not needs, path, "needs `against`: the assets whose value counts")
        if funding.default == "seize" and self.finance.revenue:
            earning = {self.finance.asset_of(revenue) for revenue in self.finance.revenue.values()}
            findings.require(
                not set(funding.against).isdisjoint(earning),
                (*path, "default"),
                "no revenue ends when these assets are seized: say which they earn with its `asset`",
            )

    def bought_once(self) -> None:
        """No cost buys two assets, and no asset belongs to two parties."""
        bought: dict[str, str] = {}
        for name, asset in self.finance.assets.items():
            path: Key = ("finance", "assets", name, "costs")
            payers = set()
            for cost in asset.costs or (name,):
                self.findings.require(cost not in bought, path, f"'{cost}' already buys '{bought.get(cost)}'")
                bought[cost] = name
                if cost in self.finance.costs:
                    payers.add(self.finance.party(self.finance.costs[cost].by))
            self.findings.require(len(payers) < 2, path, f"must belong to one party, got {', '.join(sorted(payers))}")

    def known(self, path: Key, what: str, name: str | None, known_names: Iterable[str]) -> None:
        names = list(known_names)
        if name is not None and name not in names:
            plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
            self.findings.add(path, f"no {what} '{name}'{self.findings.near(name, names, plural)}")

    def path(self, path: Key, value: Path | None, per: str = "") -> None:
        """A price in the currency of the scenario, for what it is paid for; and possible."""
        if value is None:
            return
        currency = self.finance.currency
        if value.currency and value.currency != currency:
            self.findings.add(path, f"is in {value.currency}: write all amounts in {currency}")
        elif value.per != per:
            self.findings.add(path, f"a price for {_PER[per]}, is expected here")
        for _, step in value.steps:
            check_uncertain(path, step, Fraction, self.findings, MOST_MONEY)

    def rate(self, path: Key, value: Path) -> None:
        """A yearly rate, as a part of 1."""
        self.path(path, value)
        for number in (number for _, step in value.steps for number in step.values if isinstance(number, Fraction)):
            wrong = f"a rate of {plain(number * 100)} % a year: write 6 % as 0.06"
            self.findings.require(number <= 1, path, wrong)

    def whole_months(self, path: Key, span: Span, least: int = 1) -> Fraction:
        fine = (span.months or not span.amount) and span.months.denominator == 1 and span.months >= least
        self.findings.require(bool(fine), path, f"expected whole months or years such as '36 months', got '{span}'")
        self.findings.require(span.months <= MOST_MONTHS, path, f"at most {MOST_MONTHS:,} months, got '{span}'")
        return span.months


def _month(moment: datetime) -> int:
    return moment.year * 12 + moment.month
