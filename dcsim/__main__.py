"""`python -m dcsim`, and the command `dcsim`: what a user can put right is reported without a traceback."""

import gc
import os
import sys
from io import TextIOWrapper

from dcsim.budget import SEARCHES

INTERRUPTED = 130
"""The exit code of what was stopped from the keyboard."""
REFUSED = 2
"""The exit code where something is wrong that the user can put right."""


def main() -> None:
    """Run the command line; what cannot be printed is said, and does not undo what was written."""
    closed = sys.stdout is None
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # its number would go to the next file that is opened
            setattr(sys, name, open(os.devnull, "r+"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    gc.set_threshold(*SEARCHES)
    try:
        code = _run()
        sys.stdout.flush()
        if closed and not code:
            raise OSError("standard output is closed")
    except OSError as error:
        if error.filename is not None:
            raise
        code = 1
        _drop_what_is_left()
        if not isinstance(error, BrokenPipeError):
            code = _complain(f"cannot print: {(error.strerror or str(error)).lower()}")
    gc.freeze()  # the process ends: to look through a large scenario for garbage takes a fifth of its time
    sys.exit(code)


def _drop_what_is_left() -> None:
    """What waits to be printed where nothing can be printed is not tried again at the end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _complain(message: object) -> int:
    """Say what is wrong; the exit code where the user can put it right."""
    try:
        print(message, file=sys.stderr)
    except OSError:
        _drop_what_is_left()
    return REFUSED


def _run() -> int | str | None:
    """What the words on the command line ask for; the exit code."""
    from dcsim.errors import DcsimError
    from dcsim.visible import guard

    guard()
    try:
        from dcsim.cli import app

        app(prog_name="dcsim")
    except DcsimError as error:
        return _complain(error)
    except KeyboardInterrupt:
        _complain("stopped")
        return INTERRUPTED
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _complain("stopped")
        return end.code
    return 0


if __name__ == "__main__":
    main()
