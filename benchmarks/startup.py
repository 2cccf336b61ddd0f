"""How long until a saved network can run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from processes import measured_inside, process_time
from report import Row, readable

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


def startup_rows(network: Path, repeats: int) -> Iterator[Row]:
    """Importing annconv, and loading a network whose build is in the cache.

    Args:
        network: A `.snn` file.
        repeats: Of everything, in turns.
    """
    process_time(ANNCONV)  # writes the byte code
    codes = {"bare interpreter": BARE, "import numpy": NUMPY, "import annconv": ANNCONV}
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(repeats):
        for name, code in codes.items():
            times[name].append(process_time(code))
    bare = median(times["bare interpreter"])
    for name, seconds in times.items():
        note = "" if name == "bare interpreter" else f"{readable(median(seconds) - bare)} beyond it"
        yield Row(name, seconds, note + ("; goal 150 ms" if name == "import annconv" else ""))

    measured_inside(WARM, network)  # builds
    parts = [measured_inside(WARM, network) for _ in range(repeats)]
    loads = [part["load"] for part in parts]
    warm = [part["load"] + part["compile"] for part in parts]
    yield Row("load cnn.snn", loads)
    yield Row("load cnn.snn and compile, warm", warm, "goal 100 ms")
    whole = [part["import"] + seconds for part, seconds in zip(parts, warm, strict=True)]
    yield Row("the same with all imports", whole, "NumPy's included")
