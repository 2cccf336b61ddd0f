"""What the templates of an exported project see."""

from __future__ import annotations

from typing import Any

from annconv.interop.project.naming import c_string, enumerators
from annconv.ir.network import Network
from annconv.ir.population import Population
from annconv.plan.memory import aligned, arena_bytes, scratch_bytes
from annconv.plan.plan import Plan
from annconv.plan.target import REAL_BYTES

Context = dict[str, Any]

API_VERSION = 1
MOST_THREADS = 4096
_HANDLE_BYTES = 1024
"""More than a handle without its arrays takes (`cpp/include/annconv/handle.hpp`)."""
_EXACTNESS = {
    "single": "Scores equal those of `predict` in Python as far as the compiler and the processor "
    "round alike (`-ffp-contract=fast`); a spike may differ where a membrane potential meets its "
    "threshold within rounding.",
    "double": "Scores and spikes equal those of `predict` in Python, bit for bit, on any "
    "processor, unless neurons use functions of the mathematical library (exp, log, tanh), whose "
    "last bit depends on that library.",
    "int16": "Spikes equal those of `predict` in Python, on any processor: sums of weights are "
    "whole numbers.",
}


def project_context(
    network: Network, plan: Plan, name: str, *, embed: bool, files: list[str]
) -> Context:
    """Context of all templates of an exported project.

    Args:
        network: The network as it was converted.
        plan: What runs.
        name: What it is exported as.
        embed: Whether weights are in the binary unless CMake is told otherwise.
        files: Names of the generated files of the network.
    """
    populations = _populations(network, plan)
    neurons_of = [entry for entry in populations if not entry["is_junction"]]
    missing = [entry["name"] for entry in neurons_of if not entry["keeps_spikes"]]
    neurons = sum(plan.populations)
    return {
        "name": name,
        "NAME": name.upper(),
        "summary": f"{len(plan.populations)} populations, {neurons} neurons, {plan.precision} "
        "precision",
        "api_version": API_VERSION,
        "most_threads": MOST_THREADS,
        "inputs": plan.inputs,
        "outputs": plan.readout.outputs,
        "geometry": ", ".join(map(str, network.input.geometry)),
        "populations": populations,
        "steps": network.steps,
        "dt": repr(float(network.dt)),
        "input_scale": repr(float(network.input_scale)),
        "precision": plan.precision,
        "real": "double" if plan.precision == "double" else "float",
        "contraction": "fast" if plan.precision == "single" else "off",
        "arena_bytes": handle_bytes(plan),
        "embed": embed,
        "sources": sorted(f"src/{file}" for file in [*files, "about.cpp"] if file.endswith(".cpp")),
        "missing": ", ".join(missing),
        "exactness": _EXACTNESS[plan.precision],
    }


def handle_bytes(plan: Plan) -> int:
    """At least what a handle of one thread takes: state, scratch memory, a sample, its results."""
    outputs = plan.readout.outputs
    arrays = (REAL_BYTES[plan.precision] * plan.inputs, 8 * outputs, 4 * outputs, 4)
    flags = 2 * aligned(len(plan.populations))
    parts = sum(aligned(size) for size in arrays) + flags
    return _HANDLE_BYTES + parts + arena_bytes(plan) + scratch_bytes(plan)


def _populations(network: Network, plan: Plan) -> list[Context]:
    names = [entry.name for entry in network.populations]
    return [
        {
            "name": entry.name,
            "enumerator": enumerator,
            "literal": c_string(entry.name),
            "size": size,
            "is_junction": entry.neuron is None,
            "keeps_spikes": kept is not None,
            "what": _what(entry, keeps_spikes=kept is not None),
        }
        for entry, enumerator, size, kept in zip(
            network.populations, enumerators(names), plan.populations, plan.spikes, strict=True
        )
    ]


def _what(population: Population, *, keeps_spikes: bool) -> str:
    """A population in a few words."""
    if population.neuron is None:
        return "a junction, without neurons"
    return f"{population.size} neurons" + ("" if keeps_spikes else ", spikes not kept")
