"""The dates on which goods of orders are first needed. Only a run tells them, and what runs scenarios lies above: the
package hands that function down."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

OrderName = tuple[str, str]
"""A supply and one of its orders."""
Finding = Callable[[Any, Collection[OrderName]], dict[OrderName, datetime]]

_finding: list[Finding] = []


def hand_down(finding: Finding) -> None:
    """From now on needs are found by this function."""
    _finding[:] = [finding]


def needs_of(scenario: Any, orders: Collection[OrderName]) -> dict[OrderName, datetime]:
    """The need of each of these orders of a scenario, as far as there is one."""
    return _finding[0](scenario, orders)
