"""Links in the text of an .xer file; MPXJ leaves out a link whose other end is missing, or is of another project."""

import codecs

from dcsim.document.words import counted
from dcsim.schedule import Schedule


def decoded(data: bytes, encoding: str) -> tuple[bytes, str, bool]:
    """The text of a file with its encoding, and whether that is only what such files usually have."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace").encode(), "utf-8", False
    if encoding or data.isascii():
        return data, encoding, False
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data, "", True
    return data.removeprefix(codecs.BOM_UTF8), "utf-8", False


def links_of(data: bytes, project: str = "") -> int:
    """How many links the rows of TASKPRED have, of a project if one is given."""
    columns: list[bytes] = []
    number, is_link = 0, False
    for line in data.splitlines():
        cells = line.split(b"\t")
        if cells[0] == b"%T":
            is_link = cells[1:2] == [b"TASKPRED"]
        elif is_link and cells[0] == b"%F":
            columns = cells
        elif is_link and cells[0] == b"%R":
            row = dict(zip(columns, cells, strict=False))
            number += not project or project.encode() in (row.get(b"proj_id"), row.get(b"pred_proj_id"))
    return number


def lose_links(schedule: Schedule, lost: int) -> None:
    """List links that were not read."""
    if lost > 0:
        message = f"{counted(lost, 'link')} of activities that belong to other projects, or are not in the file"
        schedule.lose("", message, "nothing: dates of other projects are not known")
