"""Many generated networks in one library: their C++ is compiled together and run by number.

Each network costs its own kernels, and not a project, a binding and the headers anew; so structures
of which only shapes differ are compared by the dozen. Builds, cache and binding have tests of their
own.
"""

from __future__ import annotations

import atexit
import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annconv.build.flags import make_flags
from annconv.build.process import tool_environment
from annconv.build.toolchain import Toolchain, find_toolchain
from annconv.codegen.render import render_network
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.samples import input_rates, prepare_samples
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.plan.plan import Plan
from annconv.resources import resource_folder
from annconv.runtime.compiled import REAL

HEADER_BYTES = 128
"""In front of the weights in packed data."""
ALIGNMENT = 64

INCLUDE = resource_folder("cpp") / "include"
KERNEL_HEADERS = (
    *(f"annconv/{name}.hpp" for name in ("distributions", "integration", "statistics")),
    *sorted(str(path.relative_to(INCLUDE)) for path in INCLUDE.glob("annconv/kernels/*.hpp")),
)
TABLE_HEADERS = ("annconv/functions.hpp", "annconv/kernels/shared_inputs.hpp", "annconv/table.hpp")
"""Everything that generated files may include: in front, where no name is changed yet."""
RUNNER = Path(__file__).with_name("batch_runner.cpp")
ONE_FILE = """
#define network network_{number}
#define annconv_network annconv_network_{number}
{include}
#undef annconv_network
#undef network
"""
TABLES = """
extern const annconv::NetworkTable* const kTables[];
const annconv::NetworkTable* const kTables[] = {{{tables}}};
"""


def varied(options: CompileOptions, number: int) -> CompileOptions:
    """The options with vectors, tile and cache that differ from number to number."""
    return replace(
        options,
        vector_bits=VECTOR_BITS[number % 3],
        tile=(16, 3, 5, 64)[number % 4],
        cache_bytes=(32 * 1024, 4 * 1024)[number // 2 % 2],
    )


class Answer(NamedTuple):
    """What a run leaves of each sample; of recorded spikes the rows of `spike_rows`."""

    counts: NDArray[np.int64]
    outputs: FloatArray
    stopped_at: NDArray[np.int64]
    spikes: NDArray[np.int32]


def spike_rows(
    network: Network, spikes: Mapping[str, Sequence[NDArray[np.int32]]]
) -> NDArray[np.int32]:
    """Spike trains as sorted rows of sample, population, step, rank and sign."""
    rows = [np.zeros((0, 5), np.int32)]
    for name, trains in spikes.items():
        population = network.names.index(name)
        for sample, train in enumerate(trains):
            signs = train[:, 2:] if train.shape[1] > 2 else np.ones((len(train), 1), np.int32)
            where = np.broadcast_to(np.array([sample, population], np.int32), (len(train), 2))
            rows.append(np.concatenate([where, train[:, :2], signs], axis=1))
    return _sorted(np.concatenate(rows))


def _sorted(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    return rows[np.lexsort(rows.T[::-1])]


def spike_trains(
    network: Network, spikes: NDArray[np.int32], samples: int
) -> dict[str, list[NDArray[np.int32]]]:
    """Rows of `spike_rows` as a result holds them, with signs where a population has them."""
    trains: dict[str, list[NDArray[np.int32]]] = {}
    for number, entry in enumerate(network.populations):
        if entry.neuron is not None:
            columns = 4 if entry.model().unspike is None else 5
            own = spikes[spikes[:, 1] == number, :columns]
            trains[entry.name] = [own[own[:, 0] == sample, 2:] for sample in range(samples)]
    return trains


class Job(NamedTuple):
    """A network with its data, how to compile it, and whether all its spikes will be recorded."""

    network: Network
    options: CompileOptions
    recorded: bool = False


@dataclass(frozen=True)
class _Lowered:
    network: Network
    options: CompileOptions
    values: Network
    plan: Plan
    flags: tuple[str, ...]

    def keeps(self, names: Collection[str]) -> bool:
        """Whether this code has the spikes of these populations, those of junctions aside."""
        return all(
            population.neuron is None or buffer is not None or population.name not in names
            for population, buffer in zip(self.network.populations, self.plan.spikes, strict=True)
        )


@dataclass(frozen=True)
class Run:
    """A compiled network; `whole` is what keeps the spikes that `code` hides, if that was asked."""

    code: _Code
    whole: _Code | None

    def __call__(
        self, samples: FloatArray, steps: int, seed: int, *, frames: bool = False
    ) -> Answer:
        """Run samples; spikes are recorded where every population is kept whole."""
        names = self.code.entry.network.names if self.code.entry.options.whole else ()
        return self.code.run(samples, steps, seed, frames=frames, names=names)

    def recorded(
        self,
        samples: FloatArray,
        steps: int,
        seed: int,
        names: Collection[str] | None = None,
        *,
        frames: bool = False,
    ) -> Answer:
        """Run samples and record these populations, None: all, as a compiled network does."""
        names = self.code.entry.network.names if names is None else names
        code = self.code if self.code.entry.keeps(names) or self.whole is None else self.whole
        assert code.entry.keeps(names), "Job(..., recorded=True) keeps all populations"
        return code.run(samples, steps, seed, frames=frames, names=names)


def compile_batch(jobs: Mapping[str, Job], folder: Path) -> dict[str, Run]:
    """Compile networks together; those of one plan share their code.

    Args:
        jobs: Networks by name.
        folder: Where sources and libraries come to lie.
    Returns:
        Name -> what runs that network.
    """
    tools = find_toolchain(None, python=False)
    lowered = {name: _lowered(job.network, job.options, tools) for name, job in jobs.items()}
    wholes = {
        name: _lowered(job.network, replace(job.options, whole=True), tools)
        for name, job in jobs.items()
        if job.recorded and not lowered[name].keeps(job.network.names)
    }
    codes: dict[int, _Code] = {}
    every = [*lowered.values(), *wholes.values()]
    for number, flags in enumerate(dict.fromkeys(entry.flags for entry in every)):
        entries = [entry for entry in every if entry.flags == flags]
        plans = {entry.plan.digest(): entry.plan for entry in entries}
        library = _library(list(plans.values()), flags, folder / f"batch{number}", tools)
        places = {digest: place for place, digest in enumerate(plans)}
        for entry in entries:
            codes[id(entry)] = _code(library, places[entry.plan.digest()], entry)
    return {
        name: Run(codes[id(entry)], codes[id(wholes[name])] if name in wholes else None)
        for name, entry in lowered.items()
    }


def _lowered(network: Network, options: CompileOptions, tools: Toolchain) -> _Lowered:
    flags = make_flags(options, tools.compiler).network
    return _Lowered(network, options, *lower(network, options), flags)


def _library(
    plans: Sequence[Plan], flags: tuple[str, ...], folder: Path, tools: Toolchain
) -> ctypes.CDLL:
    """The library of some plans.

    Kernels and what runs them are compiled apart, as in a build: the compiler makes other code of
    functions that it can see.
    """
    kernels, networks = [includes(KERNEL_HEADERS)], [includes(TABLE_HEADERS)]
    for number, plan in enumerate(plans):
        files = render_network(plan)
        own = folder / str(number)
        own.mkdir(parents=True)
        for name, text in files.items():
            # GCC takes equal files for one that `#pragma once` keeps from being read again
            (own / name).write_text(f"// {number}\n{text}", encoding="utf-8")
            if name.endswith(".cpp"):
                part = networks if name == "network.cpp" else kernels
                include = f'#include "{number}/{name}"'
                part.append(ONE_FILE.format(number=number, include=include))
    tables = ", ".join(f"annconv_network_{number}()" for number in range(len(plans)))
    networks.append(TABLES.format(tables=tables))
    sources = {"kernels.cpp": kernels, "networks.cpp": networks}
    for name, parts in sources.items():
        (folder / name).write_text("\n".join(parts), encoding="utf-8")
    product = folder / "batch.so"
    files = [*map(str, (folder / name for name in sources)), str(_runner(tools.compiler.path))]
    _compile([str(tools.compiler.path), *flags, "-shared", *files, "-o", str(product)])
    library = ctypes.CDLL(str(product))
    library.digest.restype = ctypes.c_char_p
    library.weights_bytes.restype = ctypes.c_uint64
    library.run.restype = ctypes.c_bool
    library.spike_values.restype = ctypes.c_int64
    library.spikes.restype = ctypes.POINTER(ctypes.c_int32)
    return library


def includes(files: Iterable[str]) -> str:
    """Lines that include some files."""
    return "".join(f'#include "{file}"\n' for file in files)


@cache
def _runner(compiler: Path) -> Path:
    """The object of what runs networks, which knows none: compiled once, as with a binding."""
    folder = Path(tempfile.mkdtemp(prefix="annconv-batch-"))
    atexit.register(shutil.rmtree, folder)
    product = folder / "runner.o"
    flags = ("-std=c++17", "-O1", "-ffp-contract=off", "-pthread", "-fPIC", "-fvisibility=hidden")
    _compile([str(compiler), *flags, "-c", str(RUNNER), "-o", str(product)])
    return product


def _compile(command: Sequence[str]) -> None:
    done = subprocess.run(
        [*command, f"-I{INCLUDE}"], capture_output=True, text=True, check=False,
        env=tool_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:4000]


@dataclass(frozen=True)
class _Code:
    """A network in a library, by number, with its weights."""

    library: ctypes.CDLL
    place: int
    entry: _Lowered
    weights: NDArray[np.uint8]

    def run(
        self,
        samples: FloatArray,
        steps: int,
        seed: int,
        *,
        frames: bool,
        names: Collection[str],
    ) -> Answer:
        network, options = self.entry.network, self.entry.options
        given = steps if frames else None
        prepared = prepare_samples(samples, network.input.geometry, frames=frames, steps=given)
        rates = input_rates(prepared, network.input_scale, REAL[options.precision])
        rates = np.ascontiguousarray(rates)
        shape = (len(rates), self.entry.plan.readout.outputs)
        counts, outputs = np.zeros(shape, np.int32), np.zeros(shape)
        stopped_at = np.zeros(len(rates), np.int32)
        recorded = np.array(
            [entry.neuron is not None and entry.name in names for entry in network.populations],
            np.uint8,
        )
        finished = self.library.run(
            ctypes.c_int(self.place),
            ctypes.c_void_p(self.weights.ctypes.data),
            ctypes.c_void_p(rates.ctypes.data),
            ctypes.c_int64(len(rates)),
            ctypes.c_int(given or 1),
            ctypes.c_int(steps),
            ctypes.c_int(options.thread_count()),
            ctypes.c_uint64(seed),
            *(
                ctypes.c_void_p(array.ctypes.data)
                for array in (recorded, counts, outputs, stopped_at)
            ),
        )
        assert finished
        spikes = self._spikes() if recorded.any() else np.zeros((0, 5), np.int32)
        return Answer(counts.astype(np.int64), outputs, stopped_at.astype(np.int64), spikes)

    def _spikes(self) -> NDArray[np.int32]:
        """Rows of the last run."""
        values = self.library.spike_values()
        found = np.ctypeslib.as_array(self.library.spikes(), (values,)) if values else np.zeros(0)
        return _sorted(found.reshape(-1, 5).astype(np.int32))


def _code(library: ctypes.CDLL, place: int, entry: _Lowered) -> _Code:
    packed = pack(entry.plan, entry.values)[HEADER_BYTES:]
    assert library.digest(place).decode() == entry.plan.digest()
    assert library.weights_bytes(place) == len(packed)
    room = np.zeros(len(packed) + ALIGNMENT, dtype=np.uint8)
    shift = -room.ctypes.data % ALIGNMENT
    weights = room[shift : shift + len(packed)]
    weights[:] = np.frombuffer(packed, dtype=np.uint8)
    return _Code(library, place, entry, weights)
