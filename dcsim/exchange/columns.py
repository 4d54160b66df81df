"""The columns of a schedule kept as a table, by their usual names."""

import re

from dcsim.exchange.cells import UNITS

FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "activity id", "task id", "activity code", "code", "no", "nr", "number", "#", "unique id", "item"),
    "name": ("name", "task name", "activity name", "activity", "task", "description", "activity description",
             "title", "vorgangsname", "vorgang", "bezeichnung", "name des vorgangs"),
    "duration": ("duration", "original duration", "planned duration", "orig dur", "dur", "od", "dauer", "days",
                 "task duration", "activity duration", "duration days", "orig duration", "at completion duration"),
    "predecessors": ("predecessors", "predecessor", "predecessor details", "preds", "pred", "depends on", "vorgänger",
                     "dependencies", "after"),
    "early_start": ("early start", "start", "start date", "planned start", "scheduled start", "anfang", "beginn"),
    "early_finish": ("early finish", "finish", "finish date", "end", "end date", "planned finish", "ende"),
    "calendar": ("calendar", "calendar name", "task calendar", "kalender"),
    "resources": ("resources", "resource", "resource names", "resource name", "crew", "crews", "ressourcen",
                  "ressourcennamen"),
    "wbs": ("wbs", "wbs code", "wbs name", "wbs path", "outline number", "psp", "psp-code", "area", "phase"),
    "optimistic": ("optimistic", "optimistic duration", "best case", "minimum", "min", "low", "optimistisch"),
    "likely": ("most likely", "most likely duration", "likely", "ml", "mode", "wahrscheinlich"),
    "pessimistic": ("pessimistic", "pessimistic duration", "worst case", "maximum", "max", "high", "pessimistisch"),
    "constraint": ("constraint type", "constraint", "primary constraint", "einschränkungsart"),
    "constraint_date": ("constraint date", "primary constraint date", "einschränkungstermin"),
    "deadline": ("deadline", "must finish by", "due", "due date", "stichtag"),
    "baseline_finish": ("baseline finish", "bl finish", "bl project finish", "geplantes ende"),
    "percent": ("% complete", "percent complete", "complete", "progress", "activity % complete", "% abgeschlossen"),
    "actual_start": ("actual start", "tatsächlicher anfang"),
    "actual_finish": ("actual finish", "tatsächliches ende"),
    "remaining": ("remaining duration", "remaining dur", "rem duration", "rem dur", "rd", "verbleibende dauer"),
    "level": ("outline level", "level", "gliederungsebene"),
    "summary": ("summary", "is summary", "sammelvorgang"),
    "type": ("activity type", "task type", "type", "milestone", "meilenstein"),
}  # fmt: skip
"""What a column means, and what it is called; of several columns the name that stands first here counts."""

REGISTER: dict[str, tuple[str, ...]] = {
    "id": ("id", "risk id", "no", "nr", "#"),
    "risk": ("risk", "risk name", "risk title", "name", "title", "risiko"),
    "description": ("description", "risk description", "cause", "beschreibung"),
    "activities": ("activity", "activities", "affected activities", "affected activity", "activity id", "task",
                   "impacted activities", "impacted activity", "vorgang", "vorgänge"),
    "type": ("type", "risk type", "threat or opportunity", "threat/opportunity", "threat / opportunity", "art"),
    "probability": ("probability", "likelihood", "chance", "probability before", "pre-mitigation probability",
                    "eintrittswahrscheinlichkeit"),
    "optimistic": ("optimistic", "min", "minimum", "min impact", "optimistic impact", "best case",
                   "schedule impact min", "impact min"),
    "likely": ("most likely", "ml", "likely", "impact", "most likely impact", "schedule impact", "schedule impact ml",
               "impact ml", "schedule impact most likely", "auswirkung"),
    "pessimistic": ("pessimistic", "max", "maximum", "max impact", "pessimistic impact", "worst case",
                    "schedule impact max", "impact max"),
    "mitigation": ("mitigation", "response", "treatment", "action", "massnahme", "maßnahme"),
    "cost": ("mitigation cost", "cost", "cost of mitigation", "response cost", "kosten"),
    "probability_after": ("probability after", "post-mitigation probability", "residual probability"),
    "optimistic_after": ("optimistic after", "min after"),
    "likely_after": ("most likely after", "likely after", "impact after", "residual impact"),
    "pessimistic_after": ("pessimistic after", "max after"),
}  # fmt: skip
"""The same for a risk register."""

_HEADINGS = {name for names in (*FIELDS.values(), *REGISTER.values()) for name in names}
LONGEST_HEADING = 100
_UNIT = re.compile(r"\s*[(\[,]\s*(?:in\s+)?([^\W\d]+)\.?\s*[)\]]?$")


def _bare(heading: str) -> str:
    return re.sub(r"[\s_.]+", " ", heading).strip(" *:").casefold()


def is_heading(cell: str) -> bool:
    """Whether a cell is a usual name of a column."""
    return len(cell) <= LONGEST_HEADING and not _HEADINGS.isdisjoint((_bare(cell), _bare(_UNIT.sub("", cell))))


def fields_of(columns: tuple[str, ...], fields: dict[str, tuple[str, ...]] = FIELDS) -> dict[str, int]:
    """Which column means what."""
    columns = tuple(column[:LONGEST_HEADING] for column in columns)
    number_of: dict[str, int] = {}
    for field, names in fields.items():
        places = [
            (names.index(name), number)
            for number, column in enumerate(columns)
            if number not in number_of.values()
            and (name := next((n for n in (_bare(column), _bare(_UNIT.sub("", column))) if n in names), None))
        ]
        if places:
            number_of[field] = min(places)[1]
    return number_of


def unit_of(column: str) -> str:
    """The unit in which a column's bare numbers are, as `Duration (h)` says; days if it says none."""
    match = _UNIT.search(column[:LONGEST_HEADING])
    return UNITS.get(match[1].casefold(), "d") if match else "d"
