"""Links in the text of an .xer file; MPXJ leaves out a link whose other end is missing, or is of another project."""

from dcsim.document.words import counted
from dcsim.schedule import Schedule


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
