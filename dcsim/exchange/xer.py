"""Rows in the text of an .xer file that MPXJ reads otherwise than they stand there, or leaves out."""

import codecs
from collections.abc import Iterator

from dcsim.document.words import counted
from dcsim.schedule import Schedule, ScheduleError

LINKS = ("PR_FS", "PR_SS", "PR_FF", "PR_SF")
CONSTRAINTS = ("CS_ALAP", "CS_MANDFIN", "CS_MANDSTART", "CS_MEO", "CS_MEOA", "CS_MEOB", "CS_MSO", "CS_MSOA", "CS_MSOB")


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


def check_rows(schedule: Schedule, data: bytes, encoding: str, project: str = "") -> int:
    """List what MPXJ reads otherwise than it stands in the file; returns how many links MPXJ should have read.

    Rows are those of a project if its id is given. Raises ScheduleError where two rows are the same task.
    """
    tasks: dict[str, tuple[int, str]] = {}
    links: list[tuple[int, dict[str, str]]] = []
    for line, table, row in _rows(data, encoding if encoding and _is_known(encoding) else "cp1252"):
        is_own = not project or project in (row.get("proj_id"), row.get("pred_proj_id"))
        if table == "TASKPRED":
            links += [(line, row)] * is_own
            continue
        id_, code = row.get("task_id", ""), row.get("task_code") or row.get("task_id", "")
        if id_ in tasks:
            raise ScheduleError(
                f"{schedule.source}: line {line} has task {id_} ({code}), as line {tasks[id_][0]} has: delete one of "
                "the two rows, or export the project again"
            )
        tasks[id_] = line, code
        for kind in (row.get("cstr_type", ""), row.get("cstr_type2", "")):
            if is_own and kind and kind not in CONSTRAINTS:
                schedule.lose(
                    code, f"line {line}: constraint '{kind}'", "nothing: P6 has no such constraint", "constraint"
                )
    return sum(_check_link(schedule, line, row, tasks) for line, row in links)


def _check_link(schedule: Schedule, line: int, row: dict[str, str], tasks: dict[str, tuple[int, str]]) -> bool:
    """List a link that has no such type, or of which an end is missing; whether MPXJ reads it."""
    ends = row.get("pred_task_id", ""), row.get("task_id", "")
    before, after = (tasks[end][1] if end in tasks else end for end in ends)
    missing, kind = [end for end in ends if end not in tasks], row.get("pred_type", "")
    if missing:
        absent = f"nothing: no row of TASK has task_id {' or '.join(missing)}"
        schedule.lose(after, f"line {line}: a link from {before} to {after}", absent)
    elif kind not in LINKS:
        schedule.lose(after, f"line {line}: the type '{kind}' of the link from {before}", "finish to start")
    return not missing


def _is_known(encoding: str) -> bool:
    """Whether Python has an encoding, as Java does."""
    try:
        return bool(codecs.lookup(encoding))
    except LookupError:
        return False


def _rows(data: bytes, encoding: str) -> Iterator[tuple[int, str, dict[str, str]]]:
    """The rows of the tables TASK and TASKPRED, with their lines."""
    table, columns = "", [""]
    for line, text in enumerate(data.splitlines(), start=1):
        mark, _, rest = text.partition(b"\t")
        if mark == b"%T":
            table = rest.strip().decode(errors="replace")
        elif table in ("TASK", "TASKPRED") and mark in (b"%F", b"%R"):
            cells = [cell.strip() for cell in rest.decode(encoding, errors="replace").split("\t")]
            if mark == b"%R":
                yield line, table, dict(zip(columns, cells, strict=False))
            else:
                columns = cells


def lose_links(schedule: Schedule, lost: int) -> None:
    """List links that were not read."""
    if lost > 0:
        message = f"{counted(lost, 'link')} of activities that belong to other projects, or are not in the file"
        schedule.lose("", message, "nothing: dates of other projects are not known")
