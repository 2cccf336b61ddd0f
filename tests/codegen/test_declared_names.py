"""Names that generated code declares, whatever a network and its neurons are called."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from zoo import OPTIONS, ZOO, dense, layers

from annconv.build.toolchain import find_toolchain
from annconv.codegen.names import RESERVED, cpp_name
from annconv.codegen.render import render_network, render_state
from annconv.codegen.shapes import kernel_names
from annconv.ir.network import Network
from annconv.neurons.grammar import RESERVED as RESERVED_WORDS
from annconv.passes.pipeline import lower
from annconv.plan.naming import CPP_WORDS
from annconv.plan.pooled_counts import KNOWN, LARGEST
from annconv.readouts import Readout
from annconv.resources import resource_folder

FORM = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*")
DECLARED = {
    "network": re.compile(r"^(?:struct|using|void|std::size_t) (.*?)(?: \{| =|\().*", re.MULTILINE),
    "member": re.compile(r"^    (?:alignas\(64\) )?[\w:<>, ]+? (\S+?)(?:\[.*)?;", re.MULTILINE),
}
AN_NAME = st.text(max_size=50) | st.text(alphabet="aA1_- ", max_size=5)
SHAPED_LIKE_OURS = ["784_input", "0", "3x3_conv", "784-input"]
SUFFIXED = ["conv", "conv_scratch", "apply_conv", "CONV"]
WORDS = ["class", "int", "日本", "shared"]


def declared(files: Mapping[str, str]) -> Iterator[list[str]]:
    """What is declared in each scope that holds names of a network."""
    kernels = "".join(text for name, text in files.items() if name.startswith("kernels"))
    yield DECLARED["network"].findall(kernels)
    for struct in ("Arena", "Weights"):
        body = files["network.hpp"].partition(f"struct {struct} {{\n")[2].partition("\n};")[0]
        yield DECLARED["member"].findall(body)


@settings(max_examples=30)
@given(
    names=st.lists(AN_NAME, min_size=4, max_size=5, unique=True), optimize=st.sampled_from((2, 0))
)
@example(names=SHAPED_LIKE_OURS, optimize=2)
@example(names=SHAPED_LIKE_OURS, optimize=0)
@example(names=SUFFIXED, optimize=2)
@example(names=WORDS, optimize=2)
def test_names_are_valid_unique_and_nobody_else_s(names: list[str], optimize: int) -> None:
    _, plan = lower(layers(names), replace(OPTIONS, optimize=optimize))
    for scope in declared(render_network(plan)):
        assert len(scope) > 3
        assert len({name.lower() for name in scope}) == len(scope), scope
        for name in scope:
            assert FORM.fullmatch(name), name
            assert name not in CPP_WORDS


def test_the_examples_run_as_layers() -> None:
    """Where nothing is fused, the names of layers are not drawn."""
    _, plan = lower(layers(SHAPED_LIKE_OURS), OPTIONS)
    kernels = render_network(plan)["kernels.cpp"]
    assert "struct Layer784InputShape {" in kernels
    assert "struct Layer0Pooling {" in kernels


@given(names=st.sets(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,6}", fullmatch=True), max_size=20))
@example(names={"double", "double_", "double__", "double_u1x", "double_u2x", "double___"})
@example(names={"NAN", "NAN_", "a__b", "a_u2xb", "a_u1xu2xb", "a___b", "M_x_", "M_x"})
def test_names_of_values_stay_apart(names: set[str]) -> None:
    taken = {word for word in ("int", "real", "Arena") if word.lower() in map(str.lower, names)}
    written = {name: cpp_name(name) for name in names | taken}
    assert len(set(written.values())) == len(written)
    for name in written.values():
        assert re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)
        assert "__" not in name
        assert name not in RESERVED


def own_names(network: Network) -> set[str]:
    """C++ names of all values of a network's neurons, and of those that a plan adds by itself."""
    found = {cpp_name(name) for name in (KNOWN, f"g_{LARGEST}")}
    for population in network.populations:
        model = population.model() if population.neuron is not None else None
        if model is not None:
            values = [*model.parameters, *model.variables]
            found |= {cpp_name(entry.name) for entry in values}
            found |= {cpp_name(f"g_{target}") for target in model.conductances}
    return found


def free_names(text: str) -> set[str]:
    """Names that code uses as they are: no members, no others' namespaces, no comments."""
    code = re.sub(r"//.*|^#.*", "", text, flags=re.MULTILINE)
    return set(re.findall(r"(?<![\w.:])[A-Za-z_]\w*(?!\w|::)", code))


def plain_layers() -> Network:
    """Populations that become layers."""
    return layers(["image", "conv", "pool", "classes"])


@pytest.mark.parametrize("make", [*ZOO.values(), plain_layers], ids=lambda make: make.__name__)
def test_no_value_can_have_a_name_that_kernels_use(make: Callable[[], Network]) -> None:
    """All that stands around a neuron's statements is reserved, so that no user's name hides it."""
    network = make()
    own = own_names(network)
    for options in (OPTIONS, replace(OPTIONS, optimize=0)):
        _, plan = lower(network, options)
        files = render_network(plan)
        texts = [text for path, text in files.items() if path.startswith("kernels")]
        given_out = {entry.name for entry in plan.kernels} | RESERVED_WORDS
        given_out |= {names.scratch for names in kernel_names(plan).values()}
        for text in texts:
            used = free_names(text) - own - given_out
            # Temporaries get a name that no value of their neuron has.
            derived = re.compile("|".join(f"d?{value}_\\w+" for value in own) + r"|constant_\d+")
            assert [it for it in used if cpp_name(it) == it and not derived.fullmatch(it)] == []


def test_no_parameter_of_a_read_out_can_have_a_name_that_reading_out_uses() -> None:
    observed = ("count", "v")
    readout = Readout(
        "read", "v - max(v) + k", observed, "count > second(count) + k", None, (("k", 1.0),)
    )
    _, plan = lower(replace(dense(), readout=readout), OPTIONS)
    text = render_network(plan)["network.cpp"]
    functions = text[
        text.index("static bool stopped(") : text.index("constexpr const char* kParts")
    ]
    used = {name for name in free_names(functions) if not name.startswith("_")}
    assert {"all_counts", "outputs"} <= used
    assert [it for it in used - {*observed, "k"} if cpp_name(it) == it] == []


@pytest.mark.compiles
def test_macros_of_headers_are_reserved() -> None:
    """Those that are written as a user's name may be."""
    _, plan = lower(dense(), replace(OPTIONS, optimize=0))
    text = "".join(
        line + "\n"
        for file in (*render_network(plan).values(), render_state(plan)["state.cpp"])
        for line in file.splitlines()
        if line.startswith("#include") and "network.hpp" not in line
    )
    tools = find_toolchain(None, python=False)
    command = [tools.compiler.path, "-std=c++17", "-pthread", "-dM", "-E", "-x", "c++"]
    done = subprocess.run(
        [*command, f"-I{resource_folder('cpp') / 'include'}", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    macros = re.findall(r"^#define ([A-Za-z]\w*)", done.stdout, re.MULTILINE)
    assert len(macros) > 100
    assert [name for name in macros if cpp_name(name) == name] == []
    assert [name for name in macros if name.islower() and name not in CPP_WORDS] == []
