"""Random neuron equations, drawn from the whole grammar, whose values stay finite."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from annconv.neurons.neuron import Neuron

BOUNDED_FUNCTIONS = ("tanh", "sin", "cos", "atan", "squash")
ANY_FUNCTIONS = ("abs", "floor", "ceil", "round", "positive", "negative", "sqrt(abs", "exp(-abs")
STATISTICS = ("mean", "max", "min", "norm1", "norm2")
ALONE = ("explicit", "explicit", "exponential", "semiimplicit")
TOGETHER = ("implicit", "midpoint", "rk4")
NOISES = (
    "Uniform(-0.5, b_width)",
    "Normal(0.0, b_width)",
    "0.25*Exponential(2.0)",
    "0.25*Gamma(0.5, b_width)",
    "0.1*LogNormal(0.0, b_width)",
    "0.25*DiscreteUniform(-1, 2)",
    "0.25*Binomial(3, b_width)",
)
FUNCTIONS = "squash(x) = x/(1 + abs(x))\nlarger(x, y) = if x > y: x else: y"


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
        self.plain = self.chance(0.35)
        self.together = self.pick(TOGETHER) if self.more(0.6) else "explicit"
        self.typed = self.pick(("int", "bool")) if self.more(0.4) else ""
        self.shared = self.more(0.2)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def more(self, probability: float) -> bool:
        """Whether something beyond `NeuronModel.is_plain` is drawn."""
        return not self.plain and self.chance(probability)

    def pick(self, choices: tuple[str, ...] | list[str]) -> str:
        return str(self.rng.choice(choices))

    def number(self) -> str:
        return self.pick(["0.5", "1", "2.0", "0.125", "3", "1e-1", ".25"])

    def atom(self, readable: list[str]) -> str:
        choices = [*readable, self.source, "a", "b", self.number()]
        choices += ["n"] if self.typed else []
        choices += ["s"] if self.shared else []
        if self.chance(0.1):
            choices = ["t", "dt", "pi", "c", *(["clip(t - t_last, 0, 9)"] if self.more(1) else [])]
        if self.more(0.03):
            choices = [f"{self.pick(STATISTICS)}({self.pick(self.variables)})"]
        return self.pick(choices)

    def expression(self, depth: int, readable: list[str]) -> str:
        """An expression of that depth at most; any value it takes is finite."""
        if depth == 0:
            return self.atom(readable)
        left, right = (self.expression(depth - 1, readable) for _ in "ab")
        forms = [
            f"{left} + {right}",
            f"{left} - ({right})",
            f"({left}) * ({right})",
            f"({left}) / (1.5 + abs({right}))",
            f"-({left})",
            f"{self.pick(BOUNDED_FUNCTIONS)}({left})",
            f"larger({left}, {right})",
            f"clip({left}, -2.0, {self.number()})",
            f"ite({left} > {right}, {right}, {left})",
            f"modulo({left}, 3)",
            f"pow(abs({left}), 0.5)",
            f"({self.atom(readable)})^2",
            f"({left} >= {right}) * {self.number()}",
        ]
        function = self.pick(ANY_FUNCTIONS)
        forms.append(f"{function}({left})" + ")" * function.count("("))
        return self.pick(forms)

    def body(self, readable: list[str]) -> str:
        return self.expression(int(self.rng.integers(1, 3)), readable)

    def method(self) -> str:
        return "explicit" if self.plain else self.pick([*ALONE, self.together, self.together])

    def ode(self, variable: str) -> tuple[str, str]:
        """An ODE without flags, and its method; linear where the method asks for it."""
        method = self.method()
        linear = method in ("exponential", "semiimplicit", "implicit")
        others = [name for name in self.variables if name != variable]
        if method == "implicit":
            body = self.body([])
            body += "".join(f" + {self.number()}*{name}/8" for name in others)
        else:
            body = self.body(others if linear else self.variables)
        forms = [
            f"d{variable}/dt = ({body} - {variable})/a",
            f"a*d{variable}/dt + {variable} = {body}",
            f"d{variable}/dt + {variable}/(a + dt) = 0.25*({body})",
        ]
        if method == "exponential" or not linear:
            forms.append(
                f"d{variable}/dt = if {self.source} > 0: -{variable}/a else: 0.25*({body})"
            )
        return self.pick(forms), method

    def equation(self, variable: str) -> str | SimpleNamespace:
        bounds: dict[str, object] = {"min": -4.0, "max": 6.0}
        if self.chance(0.3):
            bounds["init"] = self.pick(["0.5", "-1.0", "b"])
        kind = self.rng.integers(4)
        method: str | None = None
        if variable == "v":
            method = self.method()
            readable = {
                "implicit": [],
                "exponential": [name for name in self.variables if name != "v"],
                "semiimplicit": [name for name in self.variables if name != "v"],
            }.get(method, self.variables)
            text = f"dv/dt = -v/4.0 + 0.5*{self.source} + 0.1*tanh({self.body(readable)})"
        elif kind <= 1:
            text, method = self.ode(variable)
        elif kind == 2:
            text = f"{variable} = {self.body(self.variables)}"
            if self.chance(0.3):
                text = f"{variable} = if {self.source} > 0: b\n  else: {self.body(self.variables)}"
        else:
            text = f"{variable} += 0.25*({self.body(self.variables)})"
        if self.chance(0.2):
            return SimpleNamespace(
                equation=text, method=method, locality="local", type=float,
                **{"init": None, **bounds},
            )  # fmt: skip
        flags = [f"{name}={value}" for name, value in bounds.items()]
        return f"{text} : {', '.join([*flags, *([method] if method else [])])}"

    def equations(self, *, random: bool) -> list[str | SimpleNamespace]:
        found = [self.equation(variable) for variable in self.variables]
        if self.source == "g_exc" and self.more(0.25):
            found.insert(0, f"dg_exc/dt = -g_exc/2.0 : min=-8, max=8, {self.pick(ALONE)}")
        if self.typed:
            limits = ", min=-3, max=9" if self.typed == "int" else ""
            found.append(f"n = {self.body(self.variables)} : {self.typed}{limits}")
        if self.shared:
            found.append(f"s = sin(t) + mean({self.pick(self.variables)}) : population")
        found.append("dmask/dt = -mask/mask_tau")
        if random:
            found.append(f"noise = {NOISES[0] if self.plain else self.pick(NOISES)} : max = 2.0")
        return found

    def parameters(self) -> str | dict[str, object]:
        """Parameters in either form."""
        values: dict[str, object] = {
            "vt": 1.0, "mask_tau": 16.0, "a": 4.0, "b": 0.75, "b_width": 0.5, "wait": 2.0,
        }  # fmt: skip
        if self.source == "rates":
            values["rates"] = 0.0
        local = {"a", "rates"} | ({"vt"} if self.chance(0.5) else set())
        if self.chance(0.3):
            return {
                name: SimpleNamespace(value=value, locality="local", type="float")
                if name in local
                else value
                for name, value in values.items()
            }
        lines = [
            f"{name} = {value}" + ("" if name in local else " : population")
            for name, value in values.items()
            if name != "b"
        ]
        lines.append(self.pick(["b = 0.75", "b = Uniform(0.25, 1.0)", "b = 3/4.0 : population"]))
        return "\n".join(lines)

    def neuron(self, name: str, *, random: bool) -> Neuron:
        """A neuron with a threshold `vt` and a trace `mask`.

        Args:
            name: Its name.
            random: Whether a random number takes part in the spike condition.
        """
        threshold = "vt + noise" if random else "vt"
        spikes = [f"v > {threshold}", f"(v > {threshold}) and (t >= dt)", f"not (v <= {threshold})"]
        if self.more(1):
            spikes.append(f"v > {threshold} and t - t_last > 1.5*dt")
        resets = ["v = 0.0", "v -= vt", "v = v/4 - 0.25", *(["v = min(v)"] if self.more(1) else [])]
        reset = [self.pick(resets), "mask += 1/mask_tau"]
        if "w" in self.variables:
            reset.append("w += 0.5*b")
        equations = self.equations(random=random)
        as_text = all(isinstance(entry, str) for entry in equations) and self.chance(0.7)
        return Neuron(
            parameters=self.parameters(),
            equations="\n".join(map(str, equations)) if as_text else equations,
            spike=self.pick(spikes),
            reset=reset if self.chance(0.3) else " ; ".join(reset),
            refractory=self.pick(["wait", "3.0", "1.5"]) if self.more(0.35) else None,
            functions=FUNCTIONS,
            extra_values={"c": SimpleNamespace(name="c", value=0.625)},
            name=name,
        )
