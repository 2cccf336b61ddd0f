"""Random neuron equations whose values stay finite."""

from __future__ import annotations

import numpy as np

from annconv.neurons.neuron import Neuron

BOUNDED_FUNCTIONS = ("tanh", "sin", "cos", "atan")
ANY_FUNCTIONS = ("abs", "floor", "ceil", "round", "positive", "negative", "sqrt(abs", "exp(-abs")


class NeuronDraw:
    """Draws the text of neurons from the grammar of annconv.

    Args:
        rng: Where the draws come from.
        source: What drives the neuron: "g_exc" or "rates".
    """

    def __init__(self, rng: np.random.Generator, source: str) -> None:
        self.rng = rng
        self.source = source
        self.variables = list(rng.permutation(["v", "w", "x"])[: rng.integers(1, 4)])
        if "v" not in self.variables:
            self.variables[0] = "v"

    def number(self) -> str:
        return str(self.rng.choice(["0.5", "1", "2.0", "0.125", "3", "1e-1", ".25"]))

    def atom(self) -> str:
        choices = [*self.variables, self.source, "a", "b", self.number()]
        if self.rng.random() < 0.1:
            choices = ["t", "dt", "pi"]
        return str(self.rng.choice(choices))

    def expression(self, depth: int) -> str:
        """An expression of that depth at most; any value it takes is finite."""
        if depth == 0:
            return self.atom()
        left, right = self.expression(depth - 1), self.expression(depth - 1)
        forms = [
            f"{left} + {right}",
            f"{left} - ({right})",
            f"({left}) * ({right})",
            f"({left}) / (1.5 + abs({right}))",
            f"-({left})",
            f"{self.rng.choice(BOUNDED_FUNCTIONS)}({left})",
            f"clip({left}, -2.0, {self.number()})",
            f"ite({left} > {right}, {right}, {left})",
            f"modulo({left}, 3)",
            f"pow(abs({left}), 0.5)",
            f"({self.atom()})^2",
            f"({left} >= {right}) * {self.number()}",
        ]
        function = str(self.rng.choice(ANY_FUNCTIONS))
        forms.append(f"{function}({left})" + ")" * function.count("("))
        return str(self.rng.choice(forms))

    def equation(self, variable: str) -> str:
        body = self.expression(int(self.rng.integers(1, 3)))
        bounds = ": min=-4.0, max=6.0"
        if self.rng.random() < 0.3:
            bounds += f", init={self.rng.choice(['0.5', '-1.0', 'b'])}"
        if variable == "v":
            return f"dv/dt = -v/4.0 + 0.5*{self.source} + 0.1*tanh({body}) {bounds}"
        kind = self.rng.integers(3)
        if kind == 0:
            return f"d{variable}/dt = ({body} - {variable})/a {bounds}"
        if kind == 1:
            return f"{variable} = {body} {bounds}"
        return f"{variable} += 0.25*({body}) {bounds}"

    def neuron(self, name: str, *, random: bool) -> Neuron:
        """A neuron with a threshold `vt` and a trace `mask`.

        Args:
            name: Its name.
            random: Whether a random number takes part in the spike condition.
        """
        flags = ": population" if self.rng.random() < 0.5 else ""
        parameters = [
            f"vt = 1.0 {flags}", "mask_tau = 16.0 : population", "a = 4.0", "b = 0.75",
        ]  # fmt: skip
        if self.source == "rates":
            parameters.append("rates = 0.0")
        equations = [self.equation(variable) for variable in self.variables]
        equations.append("dmask/dt = -mask/mask_tau")
        if random:
            equations.append("noise = Uniform(-0.5, b_width)")
            parameters.append("b_width = 0.5 : population")
        threshold = "vt + noise" if random else "vt"
        spikes = [f"v > {threshold}", f"(v > {threshold}) and (t >= dt)", f"not (v <= {threshold})"]
        resets = ["v = 0.0", "v -= vt", "v = v/4 - 0.25"]
        reset = [str(self.rng.choice(resets)), "mask += 1/mask_tau"]
        if "w" in self.variables:
            reset.append("w += 0.5*b")
        return Neuron(
            parameters="\n".join(parameters),
            equations=str(self.rng.choice(["\n", " ; "])).join(equations),
            spike=str(self.rng.choice(spikes)),
            reset=" ; ".join(reset),
            name=name,
        )
