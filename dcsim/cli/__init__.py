"""The command line: each command reads its options, makes one call into `dcsim.api`, and prints.

Heavy libraries are imported by the command that needs them, so that help comes at once.
"""

from dcsim.cli import exchange, forecast, guide, new, page, pictures, questions, scenario
from dcsim.cli.app import app

__all__ = ["app", "exchange", "forecast", "guide", "new", "page", "pictures", "questions", "scenario"]
