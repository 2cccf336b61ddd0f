"""How long until a saved network can run."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench import Bench
from measures import readable, typical
from processes import measured_inside, process_time
from tables import Table

BARE = "pass"
NUMPY = "import numpy"
ANNCONV = "import annconv"
WARM = """
import json, sys, time
start = time.perf_counter()
from annconv import compile, load
imported = time.perf_counter()
network = load(sys.argv[1])
loaded = time.perf_counter()
compile(network, precision="single")
compiled = time.perf_counter()
print(json.dumps({"import": imported - start, "load": loaded - imported,
                  "compile": compiled - loaded}))
"""


def measure(bench: Bench) -> Iterator[Table]:
    """Importing annconv, and loading a network whose build is in the cache."""
    repeats = bench.settings.repeats
    table = Table(
        f"fresh processes, medians of {repeats}", ("", "time", "beyond a bare Python", "goal")
    )
    process_time(ANNCONV)  # writes the byte code
    codes = {"bare interpreter": BARE, "import numpy": NUMPY, "import annconv": ANNCONV}
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(repeats):
        for name, code in codes.items():
            times[name].append(process_time(code))
    bare = median(times["bare interpreter"])
    for name, seconds in times.items():
        beyond = "" if name == "bare interpreter" else readable(median(seconds) - bare)
        goal = "150 ms beyond" if name == "import annconv" else ""
        table.add(name, typical(seconds), beyond, goal)

    network = bench.saved("cnn")
    measured_inside(WARM, network)  # builds
    parts = [measured_inside(WARM, network) for _ in range(repeats)]
    warm = [part["load"] + part["compile"] for part in parts]
    whole = [part["import"] + seconds for part, seconds in zip(parts, warm, strict=True)]
    table.add("load cnn.snn", typical([part["load"] for part in parts]), "", "")
    table.add("load and compile, warm", typical(warm), "", "100 ms")
    table.add("the same with all imports, NumPy's included", typical(whole), "", "")
    yield table
