"""`python -m dcsim`, and the command `dcsim`: what a user can put right is told without a traceback."""

import sys

INTERRUPTED = 130
"""The exit code of what was stopped from the keyboard."""


def main() -> None:
    """Run the command line."""
    from dcsim.errors import DcsimError

    try:
        from dcsim.cli import app

        app(prog_name="dcsim")
    except DcsimError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            print("stopped", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
