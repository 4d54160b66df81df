"""Named tuples of arrays that compiled functions take by address."""

from typing import NamedTuple

import numpy as np
import pytest

from dcsim.engine.jit import by_address, entry_point


class Inner(NamedTuple):
    factors: np.ndarray
    shift: int


class Outer(NamedTuple):
    rows: np.ndarray
    inner: Inner


@pytest.mark.compiled
def test_parts_are_read_and_written_where_they_stand():
    by_address(Inner, Outer)

    def scaled(outer):
        for row in range(outer.rows.shape[0]):
            for column in range(outer.rows.shape[1]):
                outer.rows[row, column] = outer.rows[row, column] * outer.inner.factors[column] + outer.inner.shift
        return outer.inner.shift

    run = entry_point(scaled)
    for rows, shift in ((2, 5), (40, -1)):
        outer = Outer(np.arange(rows * 3.0).reshape(rows, 3), Inner(np.array([1.0, 10.0, 100.0]), shift))
        expected = outer.rows * outer.inner.factors + shift
        assert run(outer) == shift
        assert (outer.rows == expected).all()
    with pytest.raises(TypeError, match="expected"):
        run(Outer(np.zeros((2, 3), np.int32), Inner(np.ones(3), 0)))
    with pytest.raises(TypeError, match="in one piece"):
        run(Outer(np.zeros((2, 6))[:, ::2], Inner(np.ones(3), 0)))
