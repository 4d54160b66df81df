"""Tables of debt and leases: what is owed month by month, with the fans of its ratios."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dcsim.analysis.frames import moments
from dcsim.money.figures import Figures
from dcsim.money.months import Floats
from dcsim.money.waterfall import loan_to_value, secured

if TYPE_CHECKING:
    from dcsim.study.finance import Money, Valued


def levels(values: Floats) -> list[float]:
    """P10, P50 and P90: the smallest values that so many replications do not exceed."""
    if not len(values):
        return [np.nan] * 3
    return [float(level) for level in np.quantile(values, (0.1, 0.5, 0.9), method="inverted_cdf")]


def fan(name: str, centre: Figures, parts: Sequence[Figures]) -> dict[str, Floats]:
    """A ratio by month: in the expected build, P10, P50 and P90 of the replications in which there is one."""
    values = np.concatenate([getattr(part, name) for part in parts])
    sizes = np.array([levels(month[~np.isnan(month)]) for month in values.T])
    return {name: getattr(centre, name)[0]} | {f"{name}_p{p}": sizes[:, k] for k, p in enumerate((10, 50, 90))}


def loans(money: "Money", centre: "Valued", parts: "Sequence[Valued]") -> pd.DataFrame:
    """The loans of the expected build by month: loan, party, month, rate, drawn, fee, added (interest), unpaid (missed
    interest), interest (paid), repaid, service (what was due), to_reserve, forgiven, balance, market_value,
    forced_value, forced_ltv; and ltv, dscr and llcr with quantiles of the first 4,096 replications."""
    frames, party_of = [], money.finance.party
    for name, loan in centre.books.loans.items():
        columns = {"rate": loan.offer.rate[0]}
        for key in _LOAN[1:11]:
            columns[key] = getattr(loan, key)[0] / 100
        owned = [centre.books.owned[asset] for asset in loan.terms.against]
        for key in ("value", "forced"):
            columns[key] = sum((getattr(asset, key)[0] for asset in owned), np.zeros(money.months.count)) / 100
        columns["market_value"], columns["forced_value"] = columns.pop("value"), columns.pop("forced")
        party = party_of(loan.terms.by)
        borrowed = [part for part in centre.books.loans.values() if party_of(part.terms.by) == party]
        charged = sum(part.balance[0] for part in secured(loan, borrowed))
        forced = loan_to_value(np.asarray(charged), np.asarray(columns["forced_value"] * 100, np.int64))
        columns["forced_ltv"] = forced if owned else forced * np.nan
        for ratio in ("ltv", "dscr", "llcr"):
            columns |= fan(ratio, centre.figures[name], [part.figures[name] for part in parts])
        head = {"loan": name, "party": party}
        frames.append(pd.DataFrame({**head, "month": moments(list(money.months.ends)), **columns}))
    if frames:
        return pd.concat(frames, ignore_index=True)
    text, number = pd.Series(dtype="str"), pd.Series(dtype="float64")
    return pd.DataFrame({"loan": text, "party": text, "month": moments([]), **dict.fromkeys(_LOAN, number)})


_LOAN = (
    *("rate", "drawn", "fee", "added", "unpaid", "interest", "repaid", "service", "to_reserve", "forgiven", "balance"),
    *("market_value", "forced_value", "forced_ltv"),
    *(f"{ratio}{level}" for ratio in ("ltv", "dscr", "llcr") for level in ("", "_p10", "_p50", "_p90")),
)


def leases(money: "Money", centre: "Valued") -> pd.DataFrame:
    """The leases of the expected build by month: lease, month, rent (due), paid, owed (at its end), written_off; and
    the effective rates that the lessor earns by contract, and with what is paid (realised)."""
    books, frames = centre.books, []
    for name, rents in books.rents.items():
        paid, owed = books.rents_paid[name][0], books.rents_owed[name][0]
        lost = np.diff(books.rents_missed(name)[0] - owed, prepend=0)
        amounts = zip(_LEASE, (rents.due[0, : len(paid)], paid, owed, lost), strict=False)
        rates = {key: centre.figures[name].values[f"lease_{key}"][0] for key in _LEASE[4:]}
        head = {"lease": name, "month": moments(list(money.months.ends))}
        frames.append(pd.DataFrame({**head, **{key: amount / 100 for key, amount in amounts}, **rates}))
    if frames:
        return pd.concat(frames, ignore_index=True)
    numbers = dict.fromkeys(_LEASE, pd.Series(dtype="float64"))
    return pd.DataFrame({"lease": pd.Series(dtype="str"), "month": moments([]), **numbers})


_LEASE = ("rent", "paid", "owed", "written_off", "agreed", "realised")
