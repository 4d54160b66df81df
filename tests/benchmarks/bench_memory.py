"""How much memory a build takes: the peak of a process that simulates it, by size and by number of replications.

python -m pytest tests/benchmarks/bench_memory.py -s
"""

import subprocess
import sys
from pathlib import Path

from racks import SMALLEST

FOLDER = Path(__file__).parent

PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import dcsim
from racks import scenario
from dcsim.study.cash import network_of

def peak():
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * int(status["VmHWM"].split()[0])

racks, replications, workers = map(int, sys.argv[2:])
loaded = dcsim.load(scenario(racks), limit=16)
instances = network_of(loaded).instances
built = peak()
dcsim.replicate(loaded, replications, engine="compiled", workers=workers, chunk=4)
print(instances, built, peak())
"""


def peak(racks, replications=4, workers=1):
    """Activities, and the bytes of memory at most: once the network is built, and in the end."""
    command = [sys.executable, "-c", PROGRAM, str(FOLDER), str(racks), str(replications), str(workers)]
    done = subprocess.run(command, cwd=FOLDER.parents[1], capture_output=True, text=True, check=True)
    return tuple(map(int, done.stdout.split()))


def test_bytes_per_activity():
    """(e) The slope between 500,000 and 2 million activities; with fewer, what is imported takes more."""
    small, large = peak(20 * SMALLEST), peak(80 * SMALLEST)
    for what, column in (("network built", 1), ("simulated", 2)):
        slope = (large[column] - small[column]) / (large[0] - small[0])
        print(f"\n  {what}: {small[column] / 2**20:,.0f} MiB and {large[column] / 2**20:,.0f} MiB, ", end="")
        print(f"{slope:,.0f} bytes per activity", end="")


def test_memory_does_not_grow_with_replications():
    """The fans need no more room for more replications; what is kept of each is a few numbers."""
    few, many = peak(SMALLEST, 64)[2], peak(SMALLEST, 1024)[2]
    print(f"\n  64 replications: {few / 2**20:,.0f} MiB, 1,024: {many / 2**20:,.0f} MiB", end="")
    assert many - few < 100 * 2**20
