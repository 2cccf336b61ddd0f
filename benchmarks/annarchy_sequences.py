"""Random sequences of the reference's calls; they run under ANNarchy and under annconv, unchanged.

    python annarchy_sequences.py MODEL.keras RESULTS.json.gz [COUNT]

A sequence is drawn from its number alone, so both sides make the same calls. What each call gave,
and the state of a population after it, is kept. Calls and arguments for which `docs/annarchy.md`
says that annconv answers otherwise are not drawn.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
import tempfile
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import numpy as np

from annarchy_script import ANNtoSNNConverter, Neuron, plain

IB = "IB" if ANNtoSNNConverter.__module__.startswith("ANNarchy") else "IB-fused"
"""The reference's compiler fuses products and sums of IB; only then are long runs the same."""

SEQUENCES, CALLS = 100, 60


def waiting() -> Any:
    """A neuron that waits after a spike, beside a clock of the whole population."""
    return Neuron(
        parameters="vt = 0.75 : population\nvr = 0.0 : population\nmask_tau = 20.0 : population\n"
        "wait = 3.0",
        equations="clock = clock + 1.0 : population\n"
        "dv/dt = g_exc - v/16.0 : init = 0.0, min = -0.5, max = 2.0\n"
        "late = ite(t - t_last < 4.0, 1.0, 0.0)\n"
        "dmask/dt = -mask/mask_tau : init = 0.0",
        spike="v > vt",
        reset="v = vr\nmask += 1.0/mask_tau",
        refractory="wait",
    )


def lasting() -> Any:
    """A neuron whose conductance fades."""
    return Neuron(
        parameters="vt = 1.0 : population\nvr = 0.0 : population\nmask_tau = 20.0 : population",
        equations="dg_exc/dt = -g_exc/4.0\ndv/dt = g_exc - v/8.0 : init = 0.0, min = -2.0\n"
        "dmask/dt = -mask/mask_tau : init = 0.0",
        spike="v > vt",
        reset="v = vr\nmask += 1.0/mask_tau",
    )


KINDS: dict[str, tuple[str, Callable[[], Any], str]] = {
    "IB, IaF": (IB, lambda: "IaF", "spike_count"),
    "PSO, IaF": ("PSO", lambda: "IaF", "time_to_first_spike"),
    "IB, waiting": (IB, waiting, "spike_count"),
    "PSO, lasting": ("PSO", lasting, "membrane_potential"),
}
"""Networks: encoding, hidden neuron, read-out."""


class Sequence:
    """Draws calls and makes them.

    Attributes:
        steps: For each call its text, what it gave, and the state of a population after it.
    """

    def __init__(self, network: Any, number: int) -> None:
        self.net = network
        self.rng = random.Random(number)  # noqa: S311  (the same for both, and no secret)
        self.pops, self.projs = network.get_populations(), network.get_projections()
        self.monitors: list[Any] = []
        self.steps: list[Any] = []

    def run(self, calls: int) -> list[Any]:
        """Begin anew, make calls, and let no monitor of this sequence record on."""
        self.net.reset()
        self.set_rates()
        for _ in range(calls):
            call = self.pick(CALLS_BY_WEIGHT)
            given = call(self)
            pop = self.pick(self.pops)
            state = {name: pop.get(name) for name in pop.attributes}
            text = f"{call.__name__}, then {pop.name}"
            self.steps.append([text, given, state, (self.net.time, self.net.current_step)])
        for monitor in self.monitors:
            monitor.stop()
        return self.steps

    def pick(self, options: Any) -> Any:
        """One of several."""
        return self.rng.choice(list(options))

    def values(self, count: int) -> np.ndarray:
        """Multiples of 1/8, some of them beyond bounds."""
        return np.array([self.rng.randrange(-20, 21) / 8 for _ in range(count)])

    def number(self) -> float:
        """One of them."""
        return float(self.values(1)[0])

    def local(self, pop: Any) -> str:
        """A local attribute that may be set."""
        names = [n for n in ("v", "mask", "g_exc", "rates", "u") if n in pop.attributes]
        return str(self.pick([name for name in names if name != "rates"]))

    def simulate(self) -> Any:
        """Some steps."""
        self.net.simulate(self.rng.randrange(1, 9))

    def step(self) -> Any:
        """One step."""
        self.net.step()

    def simulate_until(self) -> Any:
        """Until the output spikes, where it has such a condition."""
        output = self.pops[-1]
        if output.stop_condition is None:
            return None
        return self.net.simulate_until(self.rng.randrange(1, 20), output)

    def set_rates(self) -> Any:
        """Another input."""
        size = self.pops[0].size
        self.pops[0].rates = np.array([self.rng.randrange(0, 101) for _ in range(size)])

    def set_local(self) -> Any:
        """An attribute of every neuron, in one of the ways it may be given."""
        pop = self.pick(self.pops)
        name = self.local(pop)
        flat = self.values(pop.size)
        shaped = self.pick([flat, flat.reshape(pop.geometry), flat.tolist(), self.number()])
        setattr(pop, name, shaped)
        return name

    def set_shared(self) -> Any:
        """An attribute of a whole population."""
        pop = self.pick(self.pops[1:])
        shared = [name for name in ("vt", "vr", "mask_tau", "clock") if name in pop.attributes]
        if shared:
            pop.set({self.pick(shared): 0.5 + abs(self.number())})

    def set_neuron(self) -> Any:
        """An attribute of one neuron."""
        pop = self.pick(self.pops)
        neuron, name = pop.neuron(self.rng.randrange(pop.size)), self.local(pop)
        setattr(neuron, name, self.number())
        return (neuron.rank, getattr(neuron, name))

    def set_view(self) -> Any:
        """An attribute of some neurons."""
        pop = self.pick(self.pops)
        ranks = sorted(self.rng.sample(range(pop.size), min(3, pop.size)))
        view, name = pop[ranks], self.local(pop)
        setattr(view, name, self.pick([self.number(), self.values(view.size)]))
        return (view.ranks, view.get(name))

    def edit_start(self) -> Any:
        """What a reset restores."""
        pop = self.pick(self.pops)
        name = self.local(pop)
        if name != "g_exc":
            pop.init[name] = self.number()

    def reset_some(self) -> Any:
        """Some attributes of a population to their start."""
        pop = self.pick(self.pops)
        known = [name for name in pop.attributes if name != "rates"]
        pop.reset(self.rng.sample(known, self.rng.randrange(1, len(known) + 1)))

    def reset_population(self) -> Any:
        """All attributes of a population to their start."""
        self.pick(self.pops[1:]).reset()

    def clear(self) -> Any:
        """No spikes under way."""
        self.pick(self.pops).clear()

    def reset_network(self) -> Any:
        """Time, and populations or monitors."""
        self.net.reset(populations=self.pick((True, True, False)), monitors=self.rng.random() < 0.6)
        self.set_rates()

    def set_time(self) -> Any:
        """A time not far away."""
        now = self.net.current_step
        later = max(0, now + self.rng.randrange(-6, 7))
        if self.rng.random() < 0.5:
            self.net.current_step = later
        else:
            self.net.time = float(later)

    def measure_rates(self) -> Any:
        """A window for `r`."""
        self.pick(self.pops).compute_firing_rate(self.pick((1.0, 3.0, 4.5, 7.0, 20.0)))

    def rest(self) -> Any:
        """A silent input, as what it emitted before is dropped."""
        pop = self.pops[0]
        pop.clear()
        pop.disable()
        self.net.simulate(self.rng.randrange(1, 4))
        pop.enable()
        return pop.enabled

    def transmit(self) -> Any:
        """A projection that falls silent, or delivers again."""
        proj = self.pick(self.projs)
        proj.transmission = not proj.transmission
        return proj.transmission

    def set_weights(self) -> Any:
        """Weights of a Dense layer."""
        dense = [proj for proj in self.projs if proj.name.startswith("dense")]
        proj = self.pick(dense)
        pre, post = proj.pre.size, proj.post.size
        rank, way = self.rng.randrange(post), self.rng.randrange(4)
        if way == 0:
            proj.w = self.values(pre * post).reshape(post, pre) * 0.5
        elif way == 1:
            proj.dendrite(rank).w = self.values(pre) * 0.5
        elif way == 2:
            proj.synapse(self.rng.randrange(pre), rank).w = self.number()
        else:
            proj.set({"w": abs(self.number())})
        return (proj.w, proj.dendrite(rank).w)

    def set_filters(self) -> Any:
        """Filters of the convolution."""
        proj = next(proj for proj in self.projs if proj.name.startswith("conv"))
        proj.weights = self.values(proj.weights.size).reshape(proj.weights.shape)
        return proj.weights

    def make_monitor(self) -> Any:
        """A monitor of a population or some of its neurons."""
        pop = self.pick(self.pops)
        known = [name for name in pop.variables if name != "clock"]
        names = self.rng.sample([*known, "spike"], self.rng.randrange(1, len(known) + 2))
        whole = self.rng.random() < 0.7
        ranks = sorted(self.rng.sample(range(pop.size), min(2, pop.size)))
        options: dict[str, Any] = {}
        if self.rng.random() < 0.5:
            period = self.rng.randrange(1, 5)
            options = {"period": float(period), "period_offset": float(self.rng.randrange(period))}
        start = self.rng.random() < 0.8
        made = self.net.monitor(pop if whole else pop[ranks], names, start=start, **options)
        self.monitors.append(made)
        return (made.name, made.variables)

    def get(self) -> Any:
        """What a monitor has recorded."""
        if not self.monitors:
            return None
        monitor, keep = self.pick(self.monitors), self.rng.random() < 0.5
        reshape = self.rng.random() < 0.6
        names = self.pick([None, self.pick(monitor.variables)])
        return monitor.get(names, keep=keep, reshape=reshape)

    def pause(self) -> Any:
        """A monitor that stands still."""
        if self.monitors:
            self.pick(self.monitors).pause()

    def resume(self) -> Any:
        """A monitor that goes on."""
        if self.monitors:
            self.pick(self.monitors).resume()

    def record_more(self) -> Any:
        """A monitor that is started, perhaps with a further variable."""
        if not self.monitors:
            return None
        monitor = self.pick(self.monitors)
        monitor.start(self.pick([None, self.pick(["v", "mask"])]) or None)
        return monitor.variables

    def empty_monitor(self) -> Any:
        """A monitor that forgets."""
        if self.monitors:
            self.pick(self.monitors).reset()

    def sums(self) -> Any:
        """What stands in the conductances."""
        return [pop.sum("exc") for pop in self.pops[1:]]

    def start_values(self) -> Any:
        """What a reset would restore."""
        return {pop.name: dict(pop.init) for pop in self.pops[:2]}


CALLS_BY_WEIGHT: list[Callable[[Sequence], Any]] = [
    *[Sequence.simulate] * 9,
    *[Sequence.step] * 3,
    *[Sequence.simulate_until] * 2,
    *[Sequence.set_rates] * 2,
    *[Sequence.set_local] * 4,
    *[Sequence.set_shared] * 2,
    *[Sequence.set_neuron] * 2,
    *[Sequence.set_view] * 2,
    *[Sequence.edit_start] * 2,
    *[Sequence.reset_some] * 3,
    Sequence.reset_population,
    *[Sequence.clear] * 2,
    *[Sequence.reset_network] * 2,
    *[Sequence.set_time] * 2,
    *[Sequence.measure_rates] * 3,
    Sequence.rest,
    *[Sequence.transmit] * 2,
    *[Sequence.set_weights] * 2,
    Sequence.set_filters,
    *[Sequence.make_monitor] * 4,
    *[Sequence.get] * 6,
    Sequence.pause,
    *[Sequence.resume] * 2,
    *[Sequence.record_more] * 2,
    Sequence.empty_monitor,
    Sequence.sums,
    Sequence.start_values,
]
"""Each as often as its share."""


def all_sequences(
    model: str, folder: str, count: int, kinds: Container[str] = tuple(KINDS)
) -> dict[str, Any]:
    """Run sequences; those of a kind share a network, and go on with what the last one left.

    Args:
        model: A Keras file.
        folder: For what the reference compiles.
        count: How many sequences, of all kinds together.
        kinds: Those that are run.
    """
    results: dict[str, Any] = {}
    for place, (kind, (encoding, hidden, read_out)) in enumerate(KINDS.items()):
        if kind not in kinds:
            continue
        converter = ANNtoSNNConverter(encoding, hidden(), read_out)
        network = converter.load_keras_model(model, directory=folder, show_info=False)
        for number in range(place, count, len(KINDS)):
            found = Sequence(network, number).run(CALLS)
            results[f"sequences, {kind}: {number}"] = plain(found)
    return results


def main(model: str, target: str, count: str = str(SEQUENCES)) -> None:
    """Run the sequences and write what they gave."""
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(all_sequences(model, folder, int(count)))
    Path(target).write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
