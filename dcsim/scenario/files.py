"""Files that may come from anyone: ordinary ones alone, inside one root folder, and never too large."""

import errno
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from dcsim.scenario.tree import Origin
from dcsim.suggest import nearest, shorten

LARGEST = 10_000_000
"""Bytes; a scenario is written by people."""

MOST_TOGETHER = 100_000_000
"""Bytes that a scenario and all files it names may have."""

ARCHETYPE = "archetype:"
"""Before the name of a scenario that comes with dcsim, where a file may be named: `extends: archetype:new-campus`."""

ARCHETYPES = Path(__file__).parent.parent / "archetypes"
SHIPPED = {ARCHETYPE: ARCHETYPES, "example:": ARCHETYPES.parent / "configs"}
"""The folders of the scenarios that come with dcsim, by what stands before their names: every scenario may read them.
"""

_ABOUT = "description:"
_TABLES = ("rules.yaml", "technology.yaml")
"""What lies there beside them."""

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class UnreadableFileError(Exception):
    """A file cannot be read; the text says why and what would be right."""


@dataclass(frozen=True)
class Root:
    """The folder outside which nothing is read, and inside which no file is read twice."""

    folder: Path
    kind: str = "scenario"
    known: dict[Path, str] = field(default_factory=dict, compare=False, repr=False)
    """The text of every file that was read."""

    def read(self, path: Path, shown: str) -> str:
        """The text of a file inside the root."""
        inside = self.inside(path, shown)
        if inside not in self.known:
            text = read_text(path, shown)
            if sum(map(len, self.known.values())) + len(text) > MOST_TOGETHER:
                raise UnreadableFileError(f"'{shown}' is too large: all files together may have at most 100 MB")
            self.known[inside] = text
        return self.known[inside]

    def inside(self, path: Path, shown: str) -> Path:
        """Where a file really lies, which is inside the root."""
        try:
            resolved = path.resolve()
            inside = any(resolved.is_relative_to(folder.resolve()) for folder in (self.folder, *SHIPPED.values()))
        except (OSError, ValueError, RuntimeError):
            raise UnreadableFileError(f"'{shown}' is not a file name") from None
        if not inside:
            raise UnreadableFileError(f"'{shown}' is outside the folder of the {self.kind}; dcsim reads only inside it")
        return resolved

    def beside(self, origin: Origin, name: str) -> tuple[str, Origin]:
        """The text of a file named by another one, beside which it is looked up; and where it lies.

        An archetype or an example is looked up among those that come with dcsim.
        """
        if name.startswith(tuple(SHIPPED)):
            path = shipped(name)
            return self.read(path, name), Origin(name, path)
        path = origin.folder / name
        shown = str(Path(origin.name).parent / name)
        return self.read(path, name), Origin(shown, path)


def archetypes() -> list[str]:
    """The names of all scenarios that come with dcsim to be extended."""
    return _names(ARCHETYPES)


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml") if path.name not in _TABLES)


def shipped(name: str) -> Path:
    """Where a scenario lies that comes with dcsim, `archetype:new-campus` or `example:minimal`, or any other file.

    Raises UnreadableFileError where none of this name comes with dcsim.
    """
    for kind, folder in SHIPPED.items():
        if name.startswith(kind):
            stem, known = name.removeprefix(kind), _names(folder)
            if stem not in known:
                raise UnreadableFileError(f"no {kind[:-1]} '{shorten(stem)}'{nearest(stem, known)}")
            return folder / f"{stem}.yaml"
    return Path(name)


def archetype(name: str) -> Path:
    """Where an archetype lies; raises UnreadableFileError where there is none of this name."""
    return shipped(ARCHETYPE + name)


def described() -> dict[str, str]:
    """What each archetype is for."""
    files_of = {}
    for name in archetypes():
        text = archetype(name).read_text("utf-8")
        files_of[name] = next(
            (line.partition(":")[2].strip() for line in text.split("\n") if line.startswith(_ABOUT)), ""
        )
    return files_of


def read_stream(shown: str) -> str:
    """The text on standard input; raises UnreadableFileError where it is too large, or no text."""
    data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UnreadableFileError(f"'{shown}' has more than {LARGEST // 10**6} MB, the most that dcsim reads")
    return _decode(data, shown)


def read_text(path: Path, shown: str) -> str:
    """The text of a file; raises UnreadableFileError where it is missing, too large, or no text."""
    return _decode(read_bytes(path, shown, LARGEST), shown)


def read_bytes(path: Path, shown: str, most: int) -> bytes:
    """The bytes of an ordinary file, at most so many: no device is opened, and no pipe is waited for."""
    try:
        _refuse_odd(path.stat(), shown)
        with open(os.open(path, _READ), "rb") as file:
            _refuse_odd(os.fstat(file.fileno()), shown)
            size = os.fstat(file.fileno()).st_size
            data = file.read(most + 1) if size <= most else b""
    except FileNotFoundError:
        raise UnreadableFileError(f"there is no file '{shown}'{_nearest_file(path)}") from None
    except PermissionError:
        raise UnreadableFileError(f"'{shown}' cannot be read: permission denied") from None
    except (OSError, ValueError) as error:
        reason = errno.errorcode.get(getattr(error, "errno", None) or 0, "not a name of a file")
        raise UnreadableFileError(f"'{shown[:100]}' cannot be read ({reason})") from None
    if max(size, len(data)) > most:
        megabytes = f"{max(size, len(data)) / 1e6:,.1f} MB"
        raise UnreadableFileError(f"'{shown}' has {megabytes}; dcsim reads at most {most // 10**6:,} MB")
    return data


def _refuse_odd(status: os.stat_result, shown: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableFileError(f"'{shown}' is a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFileError(f"'{shown}' is not an ordinary file")


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
