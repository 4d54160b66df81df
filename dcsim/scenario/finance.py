"""The part of the scenario format that speaks of money."""

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from dcsim.scenario.model import Model, Names, Text, listed, text_of
from dcsim.scenario.prices import (
    MonthValue,
    Path,
    PriceValue,
    RateValue,
    RentValue,
    ShareValue,
    UncertainNumber,
    parse_share,
)
from dcsim.scenario.values import (
    AmountValue,
    DateValue,
    NumberValue,
    Reads,
    SpanValue,
    UncertainWhen,
    as_written,
    describe,
)
from dcsim.units import parse_span

HAPPENS = ("first_profitable_year", "runs_out", "break_even", "payback")
"""Reported figures that are events."""
TOGETHER = "consolidated"
"""All parties as one: what they pay each other is left out."""
OWNER = "owner"
"""The party that pays and earns where none is named."""


class Payment(Model):
    """A part of a price, and when it is paid."""

    share: NumberValue = Fraction(1)
    """The part of the price; those of all payments add up to 1."""
    when: Literal["ordered", "delivered", "consumed", "start", "finish"]
    """Of a supply `ordered`, `delivered` or `consumed`, of an activity `start` or `finish`."""
    after: SpanValue = parse_span("0 d")
    """How long after that, months by the calendar."""


def _period(raw: Any) -> str:
    """A year or a month, as it is written."""
    text = text_of(raw).strip()
    if not re.fullmatch(r"\d{4}(-(0[1-9]|1[0-2]))?", text):
        raise ValueError(f"expected a year such as 2025, or a month such as 2025-03, got {describe(raw)}")
    return text


Period = Annotated[str, Reads(_period), as_written("text")]


def _payments(raw: Any) -> Any:
    """All of it at one time may be written as that time: `paid: delivered`."""
    entries = raw if isinstance(raw, list | tuple) else [raw]
    return [{"when": entry} if isinstance(entry, str) else entry for entry in entries]


class Cost(Model):
    """What is paid for: units of a supply, an activity, hours of a resource, energy, or time."""

    supply: Text | None = None
    """The supply whose units are paid for."""
    activity: Text | None = None
    """The activity each of whose instances is paid for."""
    resource: Text | None = None
    """The resource whose hours are paid for, by its own calendar, until the build has ended."""
    date: DateValue | None = None
    """When it is paid, where it is paid once."""
    place: Text | None = None
    """A pattern: only what is there, or is done there, is paid for."""
    price: PriceValue | None = None
    """Of a unit, an instance, an hour, a MWh or a month: `30_000 USD`, `380 USD / h`, `64 USD / MWh`,
    `90M USD / month`; or a path, of which the price of the day of the order counts, or of the hour."""
    rent: PriceValue | None = None
    """Of a unit of the supply that is there: `60_000 USD / month`, by the days of the month."""
    uses: AmountValue | None = None
    """Power of a unit of the supply that is there, for which energy is paid: `1.5 kW`."""
    pue: NumberValue = Fraction(1)
    """Power of the whole site per power of what is in it."""
    hours: Literal["present", "working"] = Field(default="present", alias="while")
    """Whether a resource is paid while it is there, or while it works."""
    paid: Annotated[tuple[Payment, ...], BeforeValidator(_payments)] = ()
    """In which parts: `[{share: 0.2, when: ordered}, {share: 0.8, when: delivered, after: 30 d}]`; a supply when it is
    delivered, an activity when it finishes, if not given."""
    by: Text | None = None
    """The party that pays; the first if not given."""
    asset: Text | None = None
    """The asset that energy or a rent is paid for until it is seized; the one whose cost buys units of the same supply,
    or that earns with them, if not given."""
    description: Text = ""
    """What it is."""


class Revenue(Model):
    """What is earned with the units of a supply, by the hour."""

    supply: Text
    """The supply whose units earn while they are there."""
    place: Text | None = None
    """A pattern: only units there earn."""
    share: ShareValue = parse_share(1)
    """The part of the units that earn this way."""
    price: PriceValue
    """Of a unit and hour: `2.3 USD / h`; the hour may be left out."""
    utilisation: ShareValue = parse_share(1)
    """The part of the hours that is paid for."""
    by: Text | None = None
    """The party that earns it; the first if not given."""
    paid_by: Text | None = None
    """The party that pays it, where it is none of the world outside."""
    asset: Text | None = None
    """The asset that earns it, until it is seized; the one whose cost buys units of the same supply if not given."""
    description: Text = ""
    """What is sold, to whom."""


class NewArchitecture(Model):
    """Something better comes to market, and what was delivered before is worth less from that month on."""

    date: UncertainWhen
    """When it comes: `2026-06-01 to 2027-03-01`."""
    market_value: UncertainNumber
    """By what the market value of all that was delivered before is multiplied: 0.75."""


class Asset(Model):
    """What is bought to be used for years: it loses value on the books, and in the market."""

    costs: Names = ()
    """The costs that buy it; that of its own name if not given."""
    life: SpanValue
    """How long it is written off in equal months, from the month after its delivery: `5 years`."""
    market_value: dict[SpanValue, UncertainNumber] = {}
    """What it can be sold for by age, as a part of what it cost: `{0 months: 1, 12 months: 0.65}`; what is on the books
    if not given."""
    between: Literal["steps", "linear"] = "steps"
    """Whether its market value holds until the next age that is named, or lies on a line between them."""
    new_architecture: Annotated[tuple[NewArchitecture, ...], BeforeValidator(listed)] = ()
    """When its market value falls, one or a list: `{date: 2026-06-01 to 2027-03-01, market_value: 0.75}`."""
    sale_discount: NumberValue = Fraction(0)
    """The part of its market value that is lost where it must be sold at once."""
    description: Text = ""
    """What it is."""


class Covenants(Model):
    """What the borrower has promised. A breach that is not cured in time is a default."""

    dscr: NumberValue | None = None
    """The least debt service cover ratio, with the service of the loans before this one: 1.2."""
    ltv: NumberValue | None = None
    """The most that is owed to this loan, and to those before it against the same assets, per market value: 0.8."""
    tested: Literal["monthly", "quarterly", "half-yearly", "yearly"] = "quarterly"
    """At whose ends ratios are tested: of months, or of such parts of the calendar year."""
    first_test: SpanValue = parse_span("0 months")
    """How long after the first draw ratios are not tested yet, in months or years."""
    cure: SpanValue = parse_span("0 d")
    """How long after a breach it is a default, if it has not been cured at a month end before."""
    lock_up: NumberValue | None = None
    """The DSCR below which the borrower distributes nothing."""


class Funding(Model):
    """Money that comes from outside: equity, or a loan."""

    equity: PriceValue | None = None
    """What owners pay in: `6B USD`."""
    loan: PriceValue | None = None
    """What a lender lends at most."""
    by: Text | None = None
    """The party that gets it; the first if not given."""
    date: DateValue | None = None
    """When equity is paid in, or from when on a loan may be drawn; at the start if not given."""
    against: Names = ()
    """The assets it is lent against: what was delivered of them by the end of each month is lent for."""
    advance: NumberValue = Fraction(1)
    """The part of what these assets cost that is lent."""
    base: Literal["cost", "market_value"] = "cost"
    """Whether the advance is of what they cost; or no more than of their market value too, above which what is owed has
    to be repaid."""
    rate: RateValue | None = None
    """Interest a year: `0.105`, a path, or `{over: sofr, margin: 0.06}`, where `floor: 0.02` is the least that the
    reference rate counts."""
    term: SpanValue | None = None
    """From the first draw to the last instalment, in months or years."""
    repaid: Literal["level", "straight", "bullet", "sculpted"] = "level"
    """In equal instalments of interest and principal (an annuity), equal parts of principal, all at the end, or so that
    the cash of each month is `sculpted_to` times its debt service."""
    sculpted_to: NumberValue | None = None
    """The DSCR of sculpted repayment: 1.3."""
    interest_until: Text | None = None
    """The milestone until whose month interest is added to the loan instead of being paid, and nothing is repaid."""
    available: SpanValue | None = None
    """How long after its date it may be drawn, in months or years; to the last instalment but one if not given."""
    fee: NumberValue = Fraction(0)
    """What the lender keeps of each draw, as a part of it."""
    commitment_fee: NumberValue = Fraction(0)
    """What is paid a year for what was not drawn during a month, as a part of it, from its date until it may be drawn
    no more, or is repaid."""
    reserve: SpanValue | None = None
    """A reserve account of so many months of the debt service of the month: `6 months`."""
    sweep: NumberValue = Fraction(0)
    """The part of the cash that a month leaves after debt service and reserves that is repaid too."""
    covenants: Covenants = Field(default_factory=Covenants)
    """What is tested."""
    default: Literal["none", "seize"] = "none"
    """With `none` debt is served with money that nobody has promised, and a default is counted, no more. With `seize`
    what the cash does not pay is missed, which is a breach, and after a default the loan is accelerated: the assets are
    sold at once, the lender is paid from that, and the rest is lost."""
    notice: SpanValue = parse_span("0 d")
    """How long after a default the loan is accelerated."""
    recourse: Literal["none", "cash"] = "none"
    """Whether, after a sale and the reserve, the lender is paid from the cash of the borrower too."""
    description: Text = ""
    """Who gives it."""


class Lease(Model):
    """What a party owns is used by another, who pays rent for it: each delivery from its month on, in arrears."""

    asset: Text | None = None
    """The asset that is leased; that of its own name if not given."""
    lessor: Text | None = Field(default=None, alias="from")
    """The party that owns it."""
    to: Text
    """The party that uses it and pays for it."""
    term: SpanValue
    """How long each delivery is leased, in months or years: so many rents, the first in the month after it."""
    rent: RentValue
    """`{yield: 0.105}`: equal rents from which, with the residual, the lessor earns this rate a year on what the asset
    cost; or what a unit costs a month, `650 USD / month`."""
    residual: NumberValue = Fraction(0)
    """The part of what it cost that the lessor counts on at the end of the term; nobody in the file pays it."""
    when_short: Literal["pay", "miss"] = "pay"
    """Whether a rent is paid with money that nobody has promised, or waits until the lessee has cash."""
    description: Text = ""
    """What was agreed."""


class Distribution(Model):
    """What a party pays to its owners at month ends, after everything else."""

    share: NumberValue = Fraction(1)
    """The part of its cash."""
    keep: PriceValue | None = None
    """The cash that is never distributed: `50M USD`."""
    date: DateValue | None = None
    """From when on; from the start if not given."""


class Cover(Model):
    """How the debt service cover ratio is reckoned."""

    window: Literal["trailing", "forward"] = "trailing"
    """Of the month and those before it, or of those after it."""
    length: SpanValue = parse_span("12 months")
    """How many months."""
    cfads: Literal["operations", "after_investment"] = "operations"
    """The cash for debt service: what is earned less running costs and rents; or less investment too."""


class Rented(Model):
    """A demand that is served by building, or by renting at a price: what the build has not got yet is rented too."""

    supply: Text
    """The supply whose units serve the demand while they are there."""
    place: Text | None = None
    """A pattern: only units there serve it."""
    units: NumberValue
    """How many units are wanted: 100_000."""
    date: DateValue | None = None
    """From when on; from the start if not given, and to the end of the statements."""
    price: PriceValue
    """What a rented unit costs an hour: `2.3 USD / h`; the hour may be left out."""
    utilisation: ShareValue = parse_share(1)
    """The part of the hours that is wanted: rented units are paid for these, units that are owned stand idle."""
    costs: Names = ()
    """The costs of owning, less the market value that the assets which they buy have at the end; if not given, all that
    the party pays to run and to build."""
    by: Text | None = None
    """The party that owns, where no `costs` are named; all parties together if not given."""
    description: Text = ""
    """Who wants it."""

    @property
    def share(self) -> Path:
        """All units serve it."""
        return parse_share(1)


class Reported(Model):
    """A figure that was reported in the world, told beside the simulated one."""

    figure: Literal[
        "revenue",
        "operating_costs",
        "investment",
        "spending",
        "burn",
        "equity",
        "loans_drawn",
        "interest_paid",
        "net_income",
        "cash",
        "loans",
        "first_profitable_year",
        "runs_out",
        "break_even",
        "payback",
    ]
    """`spending` is operating costs, rents and investment; `burn` is spending, interest and fees less what is earned,
    before equity, loans and their repayment; `cash` and `loans` are those at the end; the last four are events."""
    when: Period = Field(alias="in")
    """The year, `2025`, or the month, `2025-03`, of an amount, or of an event; events are compared by their years."""
    amount: PriceValue | None = None
    """What was reported of an amount: `0.5B USD`, or on average `1.05B USD / month`."""
    by: Text | None = None
    """The party of which it was reported; the first if not given."""
    basis: Literal["result", "fitted", "input"] = "result"
    """Whether the simulated figure is a `result` that knows nothing of the reported one, some value was chosen with it
    in view (`fitted`), or it is an `input`."""
    meaning: Text = ""
    """What exactly was reported."""
    source: Text | None = None
    """Key of the source."""


class Finance(Model):
    """Money: what the build costs, what it earns, what it owns, and who pays for it.

    Amounts are in one currency, in the prices that are written.
    """

    currency: Text
    """Three capital letters: USD."""
    price_year: Text = ""
    """The year in whose prices amounts are given; it stands beside every figure."""
    until: MonthValue
    """The last month of the statements: `2031-12`; what is there at the end of the build stays until then."""
    discount_rate: NumberValue
    """The effective yearly rate at which later money counts less: 0.12."""
    valuation_date: DateValue | None = None
    """The date to which it is discounted; the start if not given."""
    day_count: Literal["30/360", "act/365", "act/360"] = "30/360"
    """How the interest of a month follows from that of a year: a twelfth, its days of 365, or its days of 360."""
    compounding: Literal["nominal", "effective"] = "nominal"
    """How a yearly rate of a loan or a lease becomes that of a part of a year: times the part, or 1 + rate to its
    power."""
    parties: Names = (OWNER,)
    """Who pays and earns."""
    cash: Literal["unlimited", "limited"] = "unlimited"
    """With `limited` cash holds the build back: an order, and the start of work, waits until what is due with it is
    there (see `dcsim guide finance`)."""
    reference_rates: dict[Text, ShareValue] = {}
    """Rates that loans float over, by name: `sofr: {path: {2024-02: 0.0531, 2025-04: 0.0435}}`."""
    costs: dict[Text, Cost] = {}
    """What is paid, by name."""
    revenue: dict[Text, Revenue] = {}
    """What is earned, by name."""
    assets: dict[Text, Asset] = {}
    """What is owned for years, by name; what costs buy no asset is an expense."""
    funding: dict[Text, Funding] = {}
    """Equity and loans, by name."""
    distributions: dict[Text, Distribution] = {}
    """What parties pay to their owners, by party."""
    dscr: Cover = Field(default_factory=Cover)
    """How debt service cover is reckoned."""
    leases: dict[Text, Lease] = {}
    """What parties use that others of them own, by name."""

    rent_instead: dict[Text, Rented] = {}
    """Demands for which owning is compared with renting, by name."""
    observed: dict[Text, Reported] = {}
    """Figures that were reported in the world, by name."""

    def party(self, name: str | None) -> str:
        """The party of this name; the first one where none is named."""
        return name or self.parties[0]

    def owner(self, asset: str) -> str:
        """The party that buys an asset."""
        costs = [self.costs.get(name) for name in (self.assets[asset].costs or (asset,))]
        return self.party(next((cost.by for cost in costs if cost is not None and cost.by), None))

    def asset_of(self, used: Cost | Revenue) -> str | None:
        """The asset that earns or costs something: the one it names, or that is bought as units of the same supply, or
        that earns with units of the same supply."""
        if used.asset is not None or used.supply is None:
            return used.asset
        for name, asset in self.assets.items():
            if any(self.costs[cost].supply == used.supply for cost in asset.costs or (name,) if cost in self.costs):
                return name
        earning = (revenue.asset for revenue in self.revenue.values() if revenue.supply == used.supply)
        return next((asset for asset in earning if asset is not None), None)
