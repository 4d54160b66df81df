"""One build of many racks in eight stages, as a scenario and as a plain SimPy script.

Racks arrive week by week along an S-curve, halls open one after the other over 200 days, crews are shared, one of them
by two stages, and power comes in six steps. Crews grow with the number of racks, so that the build takes as long.
"""

from collections.abc import Callable, Generator
from typing import Any

import simpy
from numpy.typing import NDArray

SMALLEST, HALL, WEEKS, KILOWATTS = 3_125, 125, 30, 96
MINUTES_PER_DAY = 1440

CREWS = {"movers": 10, "fitters": 12, "cablers": 24, "technicians": 90, "plumbers": 40, "testers": 16, "watchers": 200}
STAGES: tuple[tuple[str, Any, str, int], ...] = (
    ("unload", {"triangular": ["6 h", "12 h", "18 h"]}, "movers", 1),
    ("mount", "10 to 24 h", "fitters", 1),
    ("cable", {"triangular": ["10 h", "16 h", "25 h"]}, "cablers", 2),
    ("connect", "20 to 52 h", "technicians", 2),
    ("fill", {"triangular": ["9 h", "16 h", "26 h"]}, "plumbers", 3),
    ("switch_on", "30 to 70 h", "technicians", 1),
    ("verify", "14 to 30 h", "testers", 1),
    ("burn_in", "72 to 168 h", "watchers", 1),
)
"""Name, duration, crew and its units."""
POWERED = "switch_on"


def weekly(racks: int) -> list[int]:
    """How many racks arrive at the end of each week: few, then many, then few."""
    share = [(k / WEEKS) ** 2 * (3 - 2 * k / WEEKS) for k in range(WEEKS + 1)]
    return [round(racks * share[k + 1]) - round(racks * share[k]) for k in range(WEEKS)]


def capacity(crew: str, racks: int) -> int:
    """Units of a crew for so many racks."""
    return CREWS[crew] * racks // SMALLEST


def scenario(racks: int) -> dict[str, Any]:
    """The build as dcsim reads it."""
    arrivals = {f"week{k + 1}": {"amount": n, "lead_time": f"{7 * (k + 1)} d"} for k, n in enumerate(weekly(racks))}
    activities: dict[str, Any] = {
        "open_hall": {"at": "hall", "duration": f"{200 * 24 * 60 // (racks // HALL)} min", "requires": {"opener": 1}}
    }
    before = "open_hall"
    for name, duration, crew, units in STAGES:
        activities[name] = {"at": "rack", "duration": duration, "after": [before], "requires": {crew: units}}
        before = name
    activities["unload"]["consumes"] = {"racks": 1}
    activities[POWERED]["consumes"] = {"power": KILOWATTS}
    activities["burn_in"]["produces"] = {"online": 64}
    power = {"amount": KILOWATTS * racks, "lead_time": "20 d", "lots": 6, "every": "30 d"}
    return {
        "name": f"{racks} racks",
        "start": "2024-01-01",
        "horizon": "3 years",
        "places": {"hall": racks // HALL, "rack": {"in": "hall", "count": HALL}},
        "resources": {"opener": {"count": 1}, **{crew: {"count": capacity(crew, racks)} for crew in CREWS}},
        "supplies": {
            "racks": {"unit": "rack", "orders": arrivals},
            "power": {"unit": "kW", "orders": {"grid": power}},
            "online": {"unit": "GPU"},
        },
        "activities": activities,
        "milestones": {
            "half": {"supply": "online", "reaches": 32 * racks},
            "all": {"supply": "online", "reaches": 64 * racks},
        },
    }


Story = Generator[simpy.Event, Any, None]


def plain_simpy(racks: int, minutes: list[list[float]]) -> Callable[[], float]:
    """The same as one would write it with SimPy: a process for every rack; `minutes` by rack and stage.

    Calling it simulates one build and tells the minute at which the last rack is online.
    """

    def build() -> float:
        env = simpy.Environment()
        crews = {name: simpy.Container(env, n, init=n) for name in CREWS if (n := capacity(name, racks))}
        arrived, power = simpy.Container(env), simpy.Container(env)
        open_hall = [env.event() for _ in range(racks // HALL)]

        def arrivals() -> Story:
            for count in weekly(racks):
                yield env.timeout(7 * MINUTES_PER_DAY)
                if count:
                    yield arrived.put(count)

        def grid() -> Story:
            yield env.timeout(20 * MINUTES_PER_DAY)
            for lot in range(6):
                yield power.put(KILOWATTS * racks * (lot + 1) // 6 - KILOWATTS * racks * lot // 6)
                yield env.timeout(30 * MINUTES_PER_DAY)

        def opening() -> Story:
            for event in open_hall:
                yield env.timeout(200 * MINUTES_PER_DAY // len(open_hall))
                event.succeed()

        def rack(number: int) -> Story:
            yield open_hall[number // HALL]
            yield arrived.get(1)
            for (name, _, crew, units), duration in zip(STAGES, minutes[number], strict=True):
                if name == POWERED:
                    yield power.get(KILOWATTS)
                yield crews[crew].get(units)
                yield env.timeout(duration)
                yield crews[crew].put(units)

        stories = [env.process(rack(number)) for number in range(racks)]
        for story in (arrivals, grid, opening):
            env.process(story())
        env.run(until=simpy.AllOf(env, stories))
        return float(env.now)

    return build


def by_rack(minutes: NDArray[Any], first: int, racks: int) -> list[list[float]]:
    """The working times of the stages, which stand one stage after the other, by rack."""
    stages: list[list[float]] = minutes[first : first + racks * len(STAGES)].reshape(len(STAGES), racks).T.tolist()
    return stages
