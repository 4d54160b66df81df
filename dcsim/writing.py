"""Files written whole or not at all: under a name that nobody can know, never through a link, and then put in place."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from dcsim.errors import ResultError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.unfinished")


@contextmanager
def writing(what: str, kept: str = "") -> Iterator[None]:
    """Report what the disk refuses to write; `kept` ends the message. Raises ResultError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ResultError(f"cannot write {what}: {reason(error)}{kept}") from None


def write_file(path: Path, data: str | bytes, kept: str = "") -> Path:
    """Put a file in place once it is whole, and on the disk; `kept` ends the message if the disk refuses.

    Raises
    ------
    ResultError
        A link or something else that is no ordinary file stands there, or the disk refuses.
    """
    unfinished = path.parent / f".{token_hex(8)}.unfinished"
    with writing(f"'{path}'", kept):
        refuse_odd(path)
        handle = os.open(unfinished, _NEW, 0o666)
        try:
            with open(handle, "wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    return path


def refuse_odd(path: Path) -> None:
    """Where something stands in the way of a file, it is an ordinary file; raises ResultError."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise ResultError(f"'{path}' is a link, and dcsim does not write through links: name its target")
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no ordinary file"
        raise ResultError(f"cannot write '{path}': it is {kind}; choose another name")


def make_folder(folder: Path) -> None:
    """Make a folder if it is not there; raises ResultError where a link or a file stands in its place."""
    with writing(f"into '{folder}'"):
        if folder.is_symlink():
            raise ResultError(f"'{folder}' is a link, and dcsim does not write through links: name its target")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ValueError("a file has the name of the folder") from None


def is_unfinished(path: Path) -> bool:
    """Whether this is a file that was being written when its program was killed."""
    return bool(_UNFINISHED.fullmatch(path.name)) and not path.is_symlink() and path.is_file()


def reason(error: Exception) -> str:
    """Why the disk refused, in words."""
    return (getattr(error, "strerror", None) or str(error)).lower()
