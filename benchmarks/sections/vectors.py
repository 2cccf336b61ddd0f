"""annconv laid out for narrower vectors, against ANNarchy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from annconv.ir.arrays import FloatArray
from bench import MODELS, Bench
from measures import ratio, three_digits, typical
from pairs import Candidate, against_annarchy
from sections.annarchy import batches, repeated
from tables import Table


def measure(bench: Bench) -> Iterator[Table]:
    """The CNN in single precision on one thread, for every width that the machine has."""
    table = Table(
        f"CNN, IB, {bench.settings.steps} steps, single precision, one thread, "
        f"medians of {bench.settings.pairs} pairs",
        ("vectors", "time a digit", "faster than ANNarchy"),
        note="Compiled for vectors of that width and no wider ones, with the registers that such "
        "processors have.",
    )
    network = bench.network("cnn")
    compiled = {
        f"{bits} bits": bench.compiled(network, "single", bits=bits) for bits in bench.widths
    }

    def candidates(batch: FloatArray) -> Mapping[str, Candidate]:
        return {name: repeated(build, batch) for name, build in compiled.items()}

    with bench.annarchy(MODELS["cnn"], 1) as process:
        duel = against_annarchy(process, batches(bench, "cnn"), bench.settings.steps, candidates)
    for name, seconds in duel.others.items():
        table.add(name, typical(seconds), f"{three_digits(ratio(duel.annarchy, seconds))} x")
    table.add("ANNarchy", typical(duel.annarchy), "1")
    yield table
