"""What something consists of as a few bytes, by which equal things are known to be equal."""

from hashlib import sha256
from io import BytesIO
from pickle import Pickler


def content(what: object) -> bytes:
    """What something consists of: equal values have equal bytes, whichever of their parts are one object in memory."""
    into = BytesIO()
    pickler = Pickler(into)
    pickler.fast = True
    pickler.dump(what)
    return sha256(into.getvalue()).digest()
