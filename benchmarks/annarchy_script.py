"""A script in the reference's own calls; it runs under ANNarchy and under annconv, unchanged.

    python annarchy_script.py MODEL.keras RESULTS.json.gz

What each call gave is kept under a name, with its types, and written to a file, for
`compare_annarchy.py`.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

try:
    from ANNarchy import Neuron
    from ANNarchy.extensions.ann_to_snn_conversion import ANNtoSNNConverter
except ImportError:
    from annconv import ANNtoSNNConverter, Neuron

__all__ = ["ANNtoSNNConverter", "Neuron", "all_results", "plain"]

Results = dict[str, Any]


def plain(value: Any) -> Any:
    """A result as JSON, with the types that JSON does not know."""
    if isinstance(value, np.ndarray):
        return {"array": str(value.dtype), "shape": value.shape, "values": value.ravel().tolist()}
    if isinstance(value, np.generic):
        return {"scalar": str(value.dtype), "value": value.item()}
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(entry)] for key, entry in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [plain(entry) for entry in value]}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"no way to keep {value!r}")


class Notes:
    """Keeps what calls gave, or the kind of error that they raised."""

    def __init__(self, part: str) -> None:
        self._part = part
        self.results: Results = {}

    def __call__(self, name: str, value: Any) -> None:
        """Keep a value."""
        self.results[f"{self._part}: {name}"] = value

    @contextmanager
    def fails(self, name: str) -> Iterator[None]:
        """A call that both have to refuse; which error class it is differs on purpose."""
        outcome = "accepted"
        try:
            yield
        except Exception:  # noqa: BLE001  (whatever it is, it is the result)
            outcome = "refused"
        self(name, outcome)


def lasting() -> Any:
    """A neuron whose conductance fades, and halves at a spike."""
    return Neuron(
        parameters="vt = 1.0 : population\nvr = 0.0 : population\nmask_tau = 20.0 : population",
        equations="dg_exc/dt = -g_exc/5.0\ndv/dt = g_exc - v/10.0 : init = 0.0, min = -2.0\n"
        "dmask/dt = -mask/mask_tau : init = 0.0",
        spike="v > vt",
        reset="v = vr\nmask += 1.0/mask_tau\ng_exc *= 0.5",
    )


def loaded(model: str, encoding: str, part: str, folder: str) -> tuple[Any, Any]:
    """A converter and its network."""
    hidden = lasting() if part == "lasting conductances" else "IaF"
    converter = ANNtoSNNConverter(encoding, hidden, PARTS[part][0])
    return converter, converter.load_keras_model(model, directory=folder, show_info=False)


def pictures(network: Any) -> np.ndarray:
    """(3, *geometry) values in [0, 1]."""
    geometry = network.get_populations()[0].geometry
    return np.random.default_rng(1).random((3, *geometry))


def describe(note: Notes, converter: Any, net: Any) -> None:
    """Networks, populations and projections before anything runs."""
    note("names", [entry.name for entry in net.get_populations()])
    note("projections", [entry.name for entry in net.get_projections()])
    note("monitors", [entry.name for entry in net.get_monitors()])
    note("monitor is the converter's", converter._monitor is net.get_monitors()[0])
    note("same network", converter.get_annarchy_network() is net)
    note("live lists", net.get_populations() is net.get_populations())
    note("unknown parts", [net.get_population("?"), net.get_projection("?"), net.get_monitor("?")])
    note("clock", (net.dt, net.time, net.current_step, net.compiled, type(net.seed).__name__))
    note("lists", (net.get_extensions(), net.get_constants()))
    for pop in net.get_populations():
        note(f"{pop.name} shape", (pop.size, pop.geometry, pop.width, pop.height, pop.depth,
                                   pop.dimension, len(pop)))  # fmt: skip
        note(f"{pop.name} ranks", pop.ranks)
        note(f"{pop.name} names", (pop.parameters, pop.variables, pop.attributes, pop.functions))
        note(f"{pop.name} init", {key: float(value) for key, value in pop.init.items()})
        note(f"{pop.name} rest", (pop.id, pop.class_name, pop.stop_condition, pop.max_delay,
                                  pop.enabled, sorted(set(pop.targets))))  # fmt: skip
        for name in pop.attributes:
            note(f"{pop.name}.{name}", getattr(pop, name))
            note(f"{pop.name}.get({name})", pop.get(name))
    for proj in net.get_projections():
        note(f"{proj.name} shape", (proj.pre.name, proj.post.name, proj.target, proj.size,
                                    len(proj), proj.post_ranks, proj.delay, proj.id))  # fmt: skip
        note(f"{proj.name} flags", (proj.transmission, proj.plasticity, proj.update,
                                    proj.parameters, proj.variables))  # fmt: skip
    first = net.get_populations()[1]
    note("filters", [[entry.name for entry in found] for found in (
        net.get_projections(post=first), net.get_projections(pre=first),
        net.get_projections(target="exc"),
        net.get_projections(post=net.get_populations()[0], suppress_error=True))])  # fmt: skip
    with note.fails("no projection fits"):
        net.get_projections(post=net.get_populations()[0])


def step_and_record(note: Notes, converter: Any, net: Any) -> None:
    """Every variable of every population, spikes, periods, pauses, resets."""
    samples = pictures(net)
    pops = net.get_populations()
    monitors = {
        pop.name: net.monitor(pop, [*(v for v in pop.variables if v != "r"), "spike"])
        for pop in pops
    }
    thin = net.monitor(pops[1], ["v", "spike"], period=3.0, period_offset=1.0, name="thin")
    note("monitor names", [entry.name for entry in net.get_monitors()])
    note("nothing yet", {name: entry.get() for name, entry in monitors.items()})
    for index, sample in enumerate(samples):
        net.reset()
        pops[0].rates = sample * 100
        net.simulate(17)
        note(f"time {index}", (net.time, net.current_step))
        for _ in range(3):
            net.step()
        for name, monitor in monitors.items():
            note(f"recorded {name} {index}", monitor.get(keep=True))
            note(f"kept {name} {index}", monitor.get("v", keep=True))
            note(f"flat {name} {index}", monitor.get("v", keep=True, reshape=False))
            note(f"emptied {name} {index}", (monitor.get("v"), monitor.get("v")))
        note(f"thin {index}", thin.get())
        for pop in pops:
            note(f"state {pop.name} {index}", {name: pop.get(name) for name in pop.attributes})
    net.reset()
    pops[0].rates = samples[0] * 100
    monitor = monitors[pops[-2].name]
    net.simulate(20.0)
    monitor.get()
    monitor.pause()
    net.simulate(3)
    monitor.resume()
    net.simulate(4.2)
    note("paused", monitor.get())
    note("stop", (monitor.stop(), monitor.variables, monitor.get()))
    net.reset(populations=False, monitors=False)
    note("time only", (net.time, pops[1].v, pops[1].mask))
    net.simulate(-5)
    net.simulate(0.4)
    note("rounded up", net.time)
    net.time = 7.0
    note("time set", (net.time, net.current_step))
    net.current_step = 9
    note("step set", (net.time, net.current_step))


def set_values(note: Notes, converter: Any, net: Any) -> None:
    """Setters of populations, views and single neurons, and what a reset does to them."""
    pops = net.get_populations()
    pop, size = pops[1], pops[1].size
    for what, value in {
        "scalar": 0.25,
        "flat": np.arange(size),
        "shaped": np.arange(size).reshape(pop.geometry) * 0.5,
        "batch axis": np.arange(size).reshape(1, *pop.geometry),
        "list": list(range(size)),
        "name": "mask",
    }.items():
        pop.v = value
        note(f"v {what}", pop.v)
    for what, value in {"float": 0.5, "int": 1, "bool": True, "float32": np.float32(0.25),
                        "name": "vr"}.items():  # fmt: skip
        pop.vt = value
        note(f"vt {what}", pop.vt)
    for what, name, value in (
        ("array for one value", "vt", np.ones(size)),
        ("short array", "v", np.ones(size - 1)),
        ("text", "v", "nope"),
        ("nothing", "vt", None),
        ("complex", "v", np.arange(size) * 1j),
    ):
        with note.fails(what):
            setattr(pop, name, value)
    pop.set({"vt": 0.7, "v": 0.125})
    note("set", (pop.vt, pop.v))
    with note.fails("unknown attribute"):
        note("?", pop.bogus)
    pop.bogus = 3
    note("Python attribute", pop.bogus)
    pop.init["vt"] = 0.625
    pop.init["v"] = 0.5
    net.reset()
    note("init", (pop.vt, pop.v))
    pop.v = 2.0
    pop.mask = 1.0
    pop.reset("v")
    note("one reset", (pop.v, pop.mask))
    pop.reset()
    note("all reset", (pop.v, pop.mask))
    neurons_and_views(note, pop)
    note("g_exc", pop.sum("exc"))
    pop.g_exc = 0.125
    note("g_exc set", (pop.g_exc, pop.sum("exc")))
    net.step()
    note("g_exc arrived", (pop.g_exc, pop.v))


def neurons_and_views(note: Notes, pop: Any) -> None:
    """Coordinates, single neurons and selections of a population."""
    last = (1,) * pop.dimension
    rank = pop.rank_from_coordinates(last)
    note("coordinates", (rank, pop.coordinates_from_rank(rank)))
    for what, bad in (("outside", (99,) * pop.dimension), ("short", ())):
        with note.fails(f"coordinates {what}"):
            pop.rank_from_coordinates(bad)
    neuron = pop.neuron(3)
    neuron.v = 0.75
    note("neuron", (neuron.v, neuron.vt, neuron.rank, pop.v.ravel()[3]))
    note("same neuron", [pop.neuron(*last).rank, pop.neuron(last).rank, pop[last].rank
                         if pop.dimension > 1 else rank])  # fmt: skip
    note("iteration", [entry.rank for entry in pop])
    everything = tuple(slice(None) for _ in range(pop.dimension - 1))
    for what, view in {"slice": pop[1:4], "list": pop[[0, 2]], "rank": pop[3],
                       "axes": pop[(slice(0, 2), *everything)]}.items():  # fmt: skip
        view.v = 0.375
        note(f"view {what}", (view.size, view.ranks, view.geometry, view.name, view.v, pop.v))
        view.v = np.arange(view.size)
        note(f"view {what} array", (view.v, view.get("v"), len(view)))
        with note.fails(f"view {what} wrong size"):
            view.v = np.ones(view.size + 1)
        with note.fails(f"view {what} global"):
            note("?", view.vt)
    note("sum of views", (pop[1:3] + pop[[0, 2]]).ranks)


def rates_and_views(note: Notes, converter: Any, net: Any) -> None:
    """Measured rates, recorded views, populations and projections that are switched off."""
    pops, samples = net.get_populations(), pictures(net)
    pop = pops[1]
    view = net.monitor(pop[[0, 3, 4]], ["v", "spike"])
    note("empty view", view.get())
    pop.compute_firing_rate(5.0)
    rate = net.monitor(pop, ["r"])
    pops[0].rates = samples[1] * 100
    net.simulate(25)
    note("view", view.get())
    note("rate", (rate.get("r"), pop.r))
    net.reset()
    note("rate after reset", pop.r)
    pops[0].rates = samples[1] * 100
    net.simulate(20)
    pops[-2].clear()
    total = net.monitor(pops[-1], ["g_exc"])
    net.simulate(2)
    note("cleared", total.get("g_exc"))
    proj = net.get_projections()[-1]
    proj.transmission = False
    net.simulate(3)
    note("silent projection", (total.get("g_exc"), proj.transmission))
    proj.transmission = True
    net.simulate(3)
    note("loud projection", total.get("g_exc"))
    pops[-1].disable()
    before = pops[-1].v
    net.simulate(3)
    note("disabled", (pops[-1].enabled, pops[-1].v - before))
    pops[-1].enable()
    late = net.monitor(pop, ["v"], start=False)
    net.simulate(2)
    note("not started", late.get("v"))
    late.start()
    net.simulate(2)
    late.start("mask")
    net.simulate(2)
    note("started", (late.variables, late.get()))


def weights(note: Notes, converter: Any, net: Any) -> None:
    """Weights of Dense layers and of convolutions, read and set."""
    for proj in net.get_projections():
        if proj.name.startswith("dense"):
            dense(note, net, proj)
        elif proj.name.startswith("conv"):
            note(f"{proj.name}.weights", proj.weights)
            proj.weights = proj.weights * 0.5
            note(f"{proj.name}.weights set", proj.weights)
            for what, bad in (("w", "w"), ("pre_ranks", "pre_ranks"), ("count", "nb_synapses")):
                with note.fails(f"{proj.name} {what}"):
                    getattr(proj, bad)
            with note.fails(f"{proj.name} axes"):
                proj.weights = np.ones((3, 3))
        else:
            note(f"{proj.name} window", (proj.operation, proj.extent))
            with note.fails(f"{proj.name} w"):
                note("?", proj.w)
    pops = net.get_populations()
    monitors = [net.monitor(pop, ["v", "spike"]) for pop in pops]
    net.reset()
    pops[0].rates = pictures(net)[2] * 100
    net.simulate(25)
    note("edited network", [monitor.get() for monitor in monitors])


def dense(note: Notes, net: Any, proj: Any) -> None:
    """Everything that a Dense layer's projection has."""
    pre, post, name = proj.pre.size, proj.post.size, proj.name
    note(f"{name}.w", proj.w)
    note(f"{name}.get", proj.get("w"))
    note(f"{name} matrix", proj.connectivity_matrix())
    note(f"{name} counts", (proj.nb_synapses, proj.nb_synapses_per_dendrite, proj.pre_ranks))
    dendrite = proj.dendrite(1)
    note(f"{name} dendrite", (dendrite.w, dendrite.pre_ranks, dendrite.size, dendrite.post_rank,
                              dendrite.target, len(dendrite), dendrite.get("w")))  # fmt: skip
    note(f"{name} dendrites", [entry.post_rank for entry in proj.dendrites])
    note(f"{name} synapse", (proj.synapse(0, 1).w, dendrite.synapse(2).w, dendrite[2].w))
    dendrite.w = 0.5
    note(f"{name} dendrite set", (dendrite.w, proj.w))
    dendrite.w = np.arange(pre) * 0.125
    proj[0].synapse(1).w = 7.0
    note(f"{name} synapse set", proj.w)
    matrix = ((np.arange(pre * post) * 7 % 19) / 8 - 1.0).reshape(post, pre)
    for what, value in (("array", matrix), ("list", matrix.tolist()), ("own", proj.w)):
        proj.w = value
        note(f"{name} {what}", proj.w)
    for what, bad in (("transposed", np.ones((pre, post))), ("flat", np.ones(pre * post)),
                      ("short", [[1.0]])):  # fmt: skip
        if pre != post:
            with note.fails(f"{name} {what}"):
                proj.w = bad
    with note.fails(f"{name} weights"):
        note("?", proj.weights)
    with note.fails(f"{name} dendrite outside"):
        proj.dendrite(99)
    proj.set({"w": 0.25})
    note(f"{name} scalar", proj.w)
    proj.w = matrix


def statistics(note: Notes, converter: Any, net: Any) -> None:
    """Statistics of spikes that begin with the recording."""
    pops, samples = net.get_populations(), pictures(net)
    monitor = net.monitor(pops[-2], ["spike", "v"])
    pops[0].rates = samples[0] * 100
    net.simulate(60)
    everything = monitor.get(keep=True)
    spikes = monitor.get("spike")
    note("spikes", spikes)
    note("times", monitor.times())
    calls: dict[str, Callable[[], Any]] = {
        "raster_plot": lambda: monitor.raster_plot(spikes),
        "raster_plot of all": lambda: monitor.raster_plot(everything),
        "histogram": lambda: monitor.histogram(spikes),
        "histogram bins": lambda: monitor.histogram(spikes, bins=7.0),
        "histogram neurons": lambda: monitor.histogram(spikes, bins=5.0, per_neuron=True),
        "histogram window": lambda: monitor.histogram(spikes, bins=3.0, recording_window=(0, 60)),
        "mean_fr": lambda: monitor.mean_fr(spikes),
        "smoothed_rate": lambda: monitor.smoothed_rate(spikes),
        # The reference's filter has constants of single precision.
        "smoothed_rate 5": lambda: np.round(monitor.smoothed_rate(spikes, smooth=5.0), 3),
        "population_rate": lambda: monitor.population_rate(spikes),
        "population_rate 5": lambda: np.round(monitor.population_rate(spikes, smooth=5.0), 3),
        "intervals": lambda: monitor.inter_spike_interval(spikes),
        "intervals ranks": lambda: monitor.inter_spike_interval(spikes, ranks=[0, 2]),
        "intervals neurons": lambda: monitor.inter_spike_interval(spikes, per_neuron=True),
        "variation": lambda: monitor.coefficient_of_variation(spikes),
    }
    for name, call in calls.items():
        note(name, call())
    with note.fails("histogram without spikes"):
        monitor.histogram()
    with note.fails("unknown variable"):
        monitor.get("bogus")
    for what, variables in (("parameter", ["vt"]), ("unknown", ["bogus"])):
        with note.fails(f"monitor {what}"):
            net.monitor(pops[1], variables)
    for what, bad in (("name", pops[1].name), ("neuron", pops[1].neuron(0))):
        with note.fails(f"monitor of a {what}"):
            net.monitor(bad, ["v"])
    with note.fails("offset beyond period"):
        net.monitor(pops[1], ["v"], period=2.0, period_offset=3.0)


def after_predict(note: Notes, converter: Any, net: Any) -> None:
    """The network after `predict`, and edits that a later `predict` feels."""
    pops, samples = net.get_populations(), pictures(net)
    note("tied labels", [list(map(int, row)) for row in converter.predict(samples, 40, True)])
    note("clock", (net.time, net.current_step))
    note("read-out", converter._monitor.get("v"))
    converter._monitor.get("spike")  # the reference's predict has taken them already
    note("states", {pop.name: {name: pop.get(name) for name in pop.attributes} for pop in pops})
    net.simulate(5)
    note("goes on", (net.time, pops[-1].v, converter._monitor.get()))
    pops[1].vt = 0.25
    pops[2].init["vt"] = 0.375
    proj = net.get_projections()[-1]
    proj.w = [[-weight for weight in row] for row in proj.w]
    labels = converter.predict(samples, 60, multiple=True)
    note("edited", [list(map(int, row)) for row in labels])
    note("edited state", {pop.name: {name: pop.get(name) for name in pop.attributes}
                          for pop in pops})  # fmt: skip


def conductances(note: Notes, converter: Any, net: Any) -> None:
    """What monitors keep of a conductance, and what it is between steps."""
    pops, samples = net.get_populations(), pictures(net)
    pops[0].rates = samples[0] * 100
    monitors = [net.monitor(pop, ["g_exc", "v", "spike"]) for pop in pops[1:]]
    few = net.monitor(pops[1][[0, 3, 8]], ["g_exc"], period=4.0)
    for step in range(12):
        net.step()
        note(f"between {step}", [(pop.g_exc, pop.sum("exc")) for pop in pops[1:]])
    net.simulate(20)
    for pop, found in zip(pops[1:], monitors, strict=True):
        note(f"{pop.name} recorded", (found.get("g_exc"), found.get("v"), found.get("spike")))
    note("few recorded", few.get("g_exc"))
    pops[2].disable()
    net.simulate(2)
    note("disabled", monitors[1].get("v"))


def until(note: Notes, converter: Any, net: Any) -> None:
    """Runs that end with a spike of the output."""
    pops, samples = net.get_populations(), pictures(net)
    output = pops[-1]
    note("condition", (output.stop_condition, pops[1].stop_condition))
    pops[0].rates = samples[0] * 100
    for index in range(4):
        note(f"until {index}", (net.simulate_until(50, output), net.time))
    note("a list", (net.simulate_until(50.0, [output]), net.time))
    note("or", (net.simulate_until(50.0, [output], operator="or"), net.time))
    net.reset()
    note("never", (net.simulate_until(12, output), net.time))
    note("none", (net.simulate_until(0, output), net.simulate_until(-4, output), net.time))
    with note.fails("by name"):
        net.simulate_until(10, output.name)


PARTS: dict[str, tuple[str, Callable[[Notes, Any, Any], None]]] = {
    "describe": ("spike_count", describe),
    "step and record": ("spike_count", step_and_record),
    "set values": ("spike_count", set_values),
    "rates and views": ("spike_count", rates_and_views),
    "weights": ("spike_count", weights),
    "statistics": ("spike_count", statistics),
    "after predict": ("spike_count", after_predict),
    "conductances": ("spike_count", conductances),
    "lasting conductances": ("spike_count", conductances),
    "until": ("time_to_first_spike", until),
    "membrane potential": ("membrane_potential", step_and_record),
    "first spike": ("time_to_first_spike", after_predict),
}
"""Read-out and calls of every part."""


def all_results(model: str, folder: str) -> Results:
    """Run everything; `folder` is for what the reference compiles."""
    results: Results = {}
    for encoding in ("IB", "PSO"):
        for part, (_, run) in PARTS.items():
            if encoding == "PSO" and part not in ("step and record", "after predict"):
                continue
            converter, network = loaded(model, encoding, part, folder)
            note = Notes(f"{encoding}, {part}")
            run(note, converter, network)
            results |= note.results
    return {name: plain(value) for name, value in results.items()}


def main(model: str, target: str) -> None:
    """Run everything and write what it gave."""
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(all_results(model, folder))
    Path(target).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
