"""Files that a scenario is read from: beside each other, inside one root folder, and never too large."""

import errno
import sys
from dataclasses import dataclass
from pathlib import Path

from dcsim.scenario.tree import Origin
from dcsim.suggest import nearest

LARGEST = 10_000_000
"""Bytes; a scenario is written by people."""


class UnreadableFileError(Exception):
    """A file cannot be read; the text says why and what would be right."""


@dataclass(frozen=True)
class Root:
    """The folder outside which nothing is read."""

    folder: Path

    def read(self, path: Path, shown: str) -> str:
        """The text of a file inside the root."""
        try:
            inside = path.resolve().is_relative_to(self.folder.resolve())
        except (OSError, ValueError, RuntimeError):
            raise UnreadableFileError(f"'{shown}' is not the name of a file") from None
        if not inside:
            raise UnreadableFileError(f"'{shown}' lies outside the scenario's folder, and nothing there is read")
        return read_text(path, shown)

    def beside(self, origin: Origin, name: str) -> tuple[str, Origin]:
        """The text of a file named by another one, beside which it is looked up; and where it lies."""
        path = origin.folder / name
        shown = str(Path(origin.name).parent / name)
        return self.read(path, name), Origin(shown, path)


def read_stream(shown: str) -> str:
    """The text on standard input; raises UnreadableFileError where it is too large, or no text."""
    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UnreadableFileError(f"'{shown}' has more than {LARGEST // 10**6} MB, the most that is read")
    return _decode(data, shown)


def read_text(path: Path, shown: str) -> str:
    """The text of a file; raises UnreadableFileError where it is missing, too large, or no text."""
    try:
        if path.is_dir():
            raise UnreadableFileError(f"'{shown}' is a folder; name the file in it")
        if path.exists() and not path.is_file():
            raise UnreadableFileError(f"'{shown}' is not an ordinary file")
        size = path.stat().st_size
        if size > LARGEST:
            megabytes = f"{size / 1e6:,.1f} MB"
            raise UnreadableFileError(f"'{shown}' has {megabytes}; at most {LARGEST // 10**6} MB are read")
        return _decode(path.read_bytes(), shown)
    except FileNotFoundError:
        raise UnreadableFileError(f"there is no file '{shown}'{_nearest_file(path)}") from None
    except PermissionError:
        raise UnreadableFileError(f"'{shown}' cannot be read: permission denied") from None
    except (OSError, ValueError) as error:
        reason = errno.errorcode.get(getattr(error, "errno", None) or 0, "not a name of a file")
        raise UnreadableFileError(f"'{shown[:100]}' cannot be read ({reason})") from None


def _decode(data: bytes, shown: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFileError(f"'{shown}' is written in UTF-16; save it as UTF-8")
    if b"\0" in data:
        raise UnreadableFileError(f"'{shown}' is not a text file; save it as plain text in UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(
            f"'{shown}' is not UTF-8 text: line {line} has the byte 0x{data[error.start]:02x}; save it as UTF-8"
        ) from None


def _nearest_file(path: Path) -> str:
    """The nearest name in the folder, or what is there, as the end of a message."""
    if not path.parent.is_dir():
        return f": there is no folder '{path.parent}'"
    files = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    if path.suffix in (".yaml", ".yml", ".csv"):
        files = [name for name in files if Path(name).suffix in (".yaml", ".yml", path.suffix)]
    return nearest(path.name, files)
