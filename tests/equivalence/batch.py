"""Many generated networks in one library: their C++ is compiled together and run by number.

Each network costs its own kernels, and not a project, a binding and the headers anew; so structures
of which only shapes differ are compared by the dozen. Builds, cache and binding have tests of their
own.
"""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annconv.build.flags import make_flags
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

HEADER_BYTES = 88
"""In front of the weights in packed data."""
ALIGNMENT = 64

HEAD = """#include <mutex>
#include <vector>

#include "annconv/kernels.hpp"
#include "annconv/runner.hpp"
#include "annconv/table.hpp"
"""
ONE_NETWORK = """
#define network network_{number}
#define annconv_network annconv_network_{number}
{includes}
#undef annconv_network
#undef network
"""
TAIL = """
namespace {{
// Keeps sample, population, step, rank and sign of every spike.
class Recorder : public annconv::RunObserver {{
   public:
    void spike(std::int64_t sample, std::int32_t population, std::int32_t step, std::int32_t rank,
               std::int8_t sign) override {{
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const std::int64_t value : {{sample, std::int64_t{{population}}, std::int64_t{{step}},
                                         std::int64_t{{rank}}, std::int64_t{{sign}}}}) {{
            values.push_back(static_cast<std::int32_t>(value));
        }}
    }}
    bool proceed(std::int64_t) override {{ return true; }}

    std::vector<std::int32_t> values;

   private:
    std::mutex mutex_;
}};

std::vector<std::int32_t> recorded;
const annconv::NetworkTable* const kTables[] = {{{tables}}};
}}  // namespace

#define SHOWN extern "C" __attribute__((visibility("default")))
SHOWN const char* digest(int number) {{ return kTables[number]->digest; }}
SHOWN std::uint64_t weights_bytes(int number) {{ return kTables[number]->weights_bytes; }}
// The spikes of the last run.
SHOWN std::int64_t spike_values() {{ return static_cast<std::int64_t>(recorded.size()); }}
SHOWN const std::int32_t* spikes() {{ return recorded.data(); }}
SHOWN bool run(int number, const void* weights, const void* samples, std::int64_t count, int steps,
               int threads, std::uint64_t seed, const std::uint8_t* record, std::int32_t* counts,
               double* outputs, std::int32_t* stopped_at) {{
    Recorder observer;
    annconv::RunRequest request{{}};
    request.samples = samples;
    request.count = count;
    request.frames = 1;
    request.steps = steps;
    request.threads = threads;
    request.seed = seed;
    request.record = record;
    request.observer = &observer;
    request.counts = counts;
    request.outputs = outputs;
    request.stopped_at = stopped_at;
    const bool finished = kTables[number]->run(weights, request);
    recorded = std::move(observer.values);
    return finished;
}}
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


class Job(NamedTuple):
    """A network with its data, and how to compile it."""

    network: Network
    options: CompileOptions


Run = Callable[[FloatArray, int, int], Answer]
"""Samples, steps and seed -> answer; spikes are recorded where every population is kept whole."""


@dataclass(frozen=True)
class _Lowered:
    job: Job
    network: Network
    plan: Plan
    flags: tuple[str, ...]


def compile_batch(jobs: Mapping[str, Job], folder: Path) -> dict[str, Run]:
    """Compile networks together; those of one plan share their code.

    Args:
        jobs: Networks by name.
        folder: Where sources and libraries come to lie.
    Returns:
        Name -> what runs that network.
    """
    tools = find_toolchain(None, python=False)
    lowered = {}
    for name, job in jobs.items():
        flags = make_flags(job.options, tools.compiler).network
        lowered[name] = _Lowered(job, *lower(job.network, job.options), flags)
    runs: dict[str, Run] = {}
    for number, flags in enumerate(dict.fromkeys(entry.flags for entry in lowered.values())):
        entries = {name: entry for name, entry in lowered.items() if entry.flags == flags}
        plans = {entry.plan.digest(): entry.plan for entry in entries.values()}
        library = _library(list(plans.values()), flags, folder / f"batch{number}", tools)
        places = {digest: place for place, digest in enumerate(plans)}
        for name, entry in entries.items():
            runs[name] = _runner(library, places[entry.plan.digest()], entry)
    return runs


def _library(
    plans: Sequence[Plan], flags: tuple[str, ...], folder: Path, tools: Toolchain
) -> ctypes.CDLL:
    """The library of some plans."""
    parts = [HEAD]
    for number, plan in enumerate(plans):
        files = render_network(plan)
        own = folder / str(number)
        own.mkdir(parents=True)
        for name, text in files.items():
            # GCC takes equal files for one that `#pragma once` keeps from being read again
            (own / name).write_text(f"// {number}\n{text}", encoding="utf-8")
        sources = [name for name in files if name.endswith(".cpp")]
        includes = "\n".join(f'#include "{number}/{name}"' for name in sources)
        parts.append(ONE_NETWORK.format(number=number, includes=includes))
    tables = ", ".join(f"annconv_network_{number}()" for number in range(len(plans)))
    parts.append(TAIL.format(tables=tables))
    source, product = folder / "batch.cpp", folder / "batch.so"
    source.write_text("\n".join(parts), encoding="utf-8")
    include = resource_folder("cpp") / "include"
    command = [str(tools.compiler.path), *flags, f"-I{include}", "-shared", str(source)]
    done = subprocess.run(
        [*command, "-o", str(product)], capture_output=True, text=True, check=False,
        env=tools.environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:4000]
    library = ctypes.CDLL(str(product))
    library.digest.restype = ctypes.c_char_p
    library.weights_bytes.restype = ctypes.c_uint64
    library.run.restype = ctypes.c_bool
    library.spike_values.restype = ctypes.c_int64
    library.spikes.restype = ctypes.POINTER(ctypes.c_int32)
    return library


def _runner(library: ctypes.CDLL, place: int, entry: _Lowered) -> Run:
    packed = pack(entry.plan, entry.network)[HEADER_BYTES:]
    assert library.digest(place).decode() == entry.plan.digest()
    assert library.weights_bytes(place) == len(packed)
    room = np.zeros(len(packed) + ALIGNMENT, dtype=np.uint8)
    shift = -room.ctypes.data % ALIGNMENT
    weights = room[shift : shift + len(packed)]
    weights[:] = np.frombuffer(packed, dtype=np.uint8)
    network, options = entry.job

    def run(samples: FloatArray, steps: int, seed: int) -> Answer:
        prepared = prepare_samples(samples, network.input.geometry)
        rates = input_rates(prepared, network.input_scale, REAL[options.precision])
        rates = np.ascontiguousarray(rates)
        shape = (len(rates), entry.plan.readout.outputs)
        counts, outputs = np.zeros(shape, np.int32), np.zeros(shape)
        stopped_at = np.zeros(len(rates), np.int32)
        spiking = [population.neuron is not None for population in network.populations]
        record = np.array(spiking, np.uint8) * options.whole
        finished = library.run(
            ctypes.c_int(place),
            ctypes.c_void_p(weights.ctypes.data),
            ctypes.c_void_p(rates.ctypes.data),
            ctypes.c_int64(len(rates)),
            ctypes.c_int(steps),
            ctypes.c_int(options.thread_count()),
            ctypes.c_uint64(seed),
            *(
                ctypes.c_void_p(array.ctypes.data)
                for array in (record, counts, outputs, stopped_at)
            ),
        )
        assert finished
        values = library.spike_values()
        found = np.ctypeslib.as_array(library.spikes(), (values,)) if values else np.zeros(0)
        spikes = _sorted(found.reshape(-1, 5).astype(np.int32))
        return Answer(counts.astype(np.int64), outputs, stopped_at.astype(np.int64), spikes)

    return run
