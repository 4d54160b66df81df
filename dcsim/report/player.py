"""The site filling up, as one HTML file that plays without any network: the map beside what is counted and in stock."""

import json
import re
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np

from dcsim.analysis.scene import Line, Scene
from dcsim.analysis.site import laid_out
from dcsim.analysis.states import STATES
from dcsim.figures.maps import COLOURS
from dcsim.report.policy import policy
from dcsim.units import DAY

TEMPLATE = "player.html"


def player(scene: Scene, title: str, start: datetime, zero: datetime) -> str:
    """The page; every name from the scenario is data, never markup or script."""
    page = (files("dcsim.report") / TEMPLATE).read_text("utf-8")
    known = policy(
        re.findall("<script>(.*?)</script>", page, re.DOTALL), re.findall("<style>(.*?)</style>", page, re.DOTALL)
    )
    return page.replace("POLICY", known).replace(">SCENE<", f">{_script(_scene_data(scene, title, start, zero))}<")


def _script(data: Any) -> str:
    """JSON that no browser takes for the end of a script."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _scene_data(scene: Scene, title: str, start: datetime, zero: datetime) -> dict[str, Any]:
    layout = laid_out(scene.states.places)
    frames = [scene.states.at(int(tick)) for tick in scene.ticks]
    changes = [_changes(before, after) for before, after in pairwise([np.full(len(layout.x), -1, np.int8), *frames])]
    pattern = "%Y-%m-%d" if scene.ticks[1] - scene.ticks[0] >= DAY else "%Y-%m-%d %H:%M"
    moments = [start + timedelta(minutes=int(tick)) for tick in scene.ticks]
    return {
        "title": title,
        "dates": [f"{moment:{pattern}}" for moment in moments],
        "days": [int((moment - zero) // timedelta(days=1)) for moment in moments],
        "states": STATES,
        "colours": COLOURS,
        "map": {
            "x": np.rint(10 * layout.x).astype(int).tolist(),
            "y": np.rint(10 * layout.y).astype(int).tolist(),
            "width": layout.width,
            "height": layout.height,
            "head": layout.head,
            "blocks": [list(block) for block in layout.blocks],
        },
        "changes": changes,
        "counted": [_line(line) for line in scene.counted],
        "levels": [_line(line) for line in scene.levels],
    }


def _changes(before: Any, after: Any) -> list[int]:
    """Which places have another state than in the frame before: place, state, place, state, ..."""
    where = np.flatnonzero(before != after)
    return [int(number) for number in np.stack([where, after[where]], axis=1).ravel()]


def _line(line: Line) -> dict[str, Any]:
    series: dict[str, Any] = {"name": line.name, "unit": line.unit, "values": line.values.tolist()}
    return series if line.short is None else series | {"short": line.short.astype(int).tolist()}
