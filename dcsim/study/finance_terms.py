"""The conventions of answers about money, and how each figure is defined."""

from dcsim.document.words import share
from dcsim.money.figures import CHANCES, COVER, EVENTS, LIFE_COVERS, MONEY, RATIOS
from dcsim.scenario.schema import Scenario

LABELS = {**MONEY, **RATIOS, **COVER, **EVENTS, **CHANCES}
CONVENTIONS = (
    "Months are calendar months; what happens before the start is in the first. Interest is paid in arrears, and "
    "loans are drawn and served, on the last day of a month: a draw bears interest from the next month on.",
    "The price of what is bought is that of the day of its order, of work that of its start; hours, rent and energy "
    "have the price of their time. Steps of a path hold from their date, a linear path from the first of each month; "
    "all steps are drawn as one.",
    "Costs count when what they pay for is delivered or done; what is paid before is prepaid, after it a payable. "
    "What an asset does not name is an expense. Books: straight-line, from the month after delivery. Fees are "
    "expenses.",
    "NPV and IRR: free cash flow (operations less investment, before funding), at month ends by exact days of 365, at "
    "an effective yearly rate. With assets sold: their market value is added in the last month.",
    "DSCR: cash for debt service / interest and principal due by the schedule, without what was missed before, swept "
    "or accelerated; undefined where nothing was due. That of a loan counts the service of the loans of its party "
    "before it too. LTV: what is owed after the month's payments, to this loan and those before it against the same "
    "assets / market value; the forced-sale value stands beside it.",
    "LLCR and PLCR: the value, at the rate of the loan, of the cash for debt service from the next month to that of "
    "the last instalment by the term (to the last month) / what is owed to this loan and those before it. With cash as "
    "it came they know what the replication brings later; with expected cash they value the cash and the rate of the "
    "expected build, as lenders do, who know their base case only; it is that of the start, and no later one. Average "
    "life: of principal, from the first draw. Headroom: by how much the cash (the market value) may fall until the "
    "covenant breaks, at the lowest of its tests; below zero it is broken.",
    "Order of payments at each month end: running costs and rents, investment; then loan by loan in the order of the "
    "file interest, principal, reserve; then sweeps of what the month leaves; then distributions, none in a breach, "
    "while interest is added to a loan, or below the lock-up. A reserve is so many months of the service of the "
    "month, and is used before a payment is missed.",
    "Breach: the first month end at which a payment was missed or a tested ratio broken; nothing is drawn while it "
    "lasts. Default: the first month end after the cure period, if it was not healed. Acceleration: the first after "
    "the notice; the assets are sold at once at the discount, lenders against them are paid in their order, the "
    "reserve too (and with recourse the cash of the borrower), and the rest is lost. Loss given default is that rest "
    "/ what was owed, not discounted.",
    "Cash runs out: the first month end below zero; the funding gap is how far it is below at most. What is missing "
    "is not financed and bears no interest. Of all parties together the cash of one counts for what another lacks. "
    "Payback (break-even): the month from whose end the sum of free cash flow (of net income) is never below zero "
    "again. Profit: net income of the month, or of the calendar year.",
    "Leases are operating leases: rents are income and expense when due, receivable and payable until they are paid, "
    "and the asset stays in the books of its owner. Each delivery is leased from its month on, in arrears; the yield "
    "is the rate implicit in its rents and its residual. Where the asset is seized the lease ends, and both parties "
    "write off what is owed.",
    "Whole cents, by the floor of each sum so far; the level instalment and the interest of a month are rounded down, "
    "and the last instalment takes the rest.",
)
LEASED = (
    "Rates are effective, of what the lessor paid for all deliveries, their rents and their residuals. By contract all "
    "rents count; realised, those that were paid until the last month of the statements, later ones as agreed, and "
    "what a forced sale brought instead of the residual."
)
DEFINED = (
    (("npv", "npv_with_residual", "irr", "irr_with_residual"), CONVENTIONS[3]),
    (
        ("irr_equity",),
        "IRR of equity: distributions less what owners pay in, at the end with cash, reserves and market "
        "value less loans.",
    ),
    (("dscr_min", "ltv_max"), CONVENTIONS[4]),
    ((*LIFE_COVERS, "average_life", "dscr_headroom", "ltv_headroom"), CONVENTIONS[5]),
    (("breach", "default", "acceleration", "loss_given_default", "breach_chance", "default_chance"), CONVENTIONS[7]),
    (
        ("rents_owed", "rents_written_off", "rent_missed"),
        "A rent is missed where the lessee has no cash for it, and owed until it has, or until the asset is seized.",
    ),
    (("lease_agreed", "lease_realised"), LEASED),
    (("interest_capitalised", "interest_paid", "ready", "repaid"), CONVENTIONS[0]),
    (tuple({**MONEY, **EVENTS, **CHANCES}), CONVENTIONS[8]),
)
"""What defines figures, the first that names one."""
DELAY = (
    "A thirtieth of what is lost if the expected build stands still for 30 days at the beginning of a month, and all "
    "that comes after it is 30 days later: payments are at month ends, which a single day seldom crosses."
)
BASIS = (
    "Differences are those of the expected build. A result knows nothing of what was reported; where it is fitted, "
    "a value was chosen with the report in view; an input was written into the scenario. Spending: operating costs, "
    "rents and investment. Burn: spending, interest and fees less what is earned."
)
RENTED = (
    "Present values. Owning: running costs, rents to parties and investment, less the market value of all assets in "
    "the last month, and the rental of hours that are wanted and not there yet. Rented hours are paid as they are "
    "used. At the break-even price, or utilisation, owning and renting cost the same."
)
NOT_MODELLED = (
    "Not modelled: taxes, inflation, insurance, hedges, market values that follow rents, cross-default, equity cures, "
    "interest on cash and reserves, what becomes of leased assets after the term. What is there when the build ends "
    "stays until the last month; resources are paid until the build ends."
)


def terms(scenario: Scenario) -> str:
    """The conventions that the file chooses."""
    finance = scenario.finance
    assert finance is not None
    cover, valued = finance.dscr, finance.valuation_date or scenario.start
    interest = f"interest by {finance.day_count}, {finance.compounding} rates"
    dscr = f"DSCR {cover.window}, {cover.length}, {cover.cfads.replace('_', ' ')}"
    return f"Discounted at {share(float(finance.discount_rate))} a year to {valued:%Y-%m-%d}; {interest}; {dscr}."


def figure_in_words(scenario: Scenario, name: str) -> str:
    """How a figure is defined, and the conventions of the file."""
    finance = scenario.finance
    assert finance is not None
    year = f", prices of {finance.price_year}" if finance.price_year else ""
    about = next(text for names, text in DEFINED if name in names)
    return f"{finance.currency}{year}. {terms(scenario)} {about} All conventions: dcsim finance."
