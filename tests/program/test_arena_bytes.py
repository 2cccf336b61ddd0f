"""What a header promises to be enough memory for a handle is enough, and not much more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from batch import INCLUDE, KERNEL_HEADERS, ONE_FILE, TABLE_HEADERS, includes, varied
from exported_library import run_compiler
from random_layers import draw_layers
from random_networks import draw_structure
from zoo import ZOO, layers

import annconv
from annconv.codegen.render import render_network
from annconv.errors import OptionError
from annconv.interop.project.context import handle_bytes
from annconv.ir.network import Network
from annconv.options import PRECISIONS, VECTOR_BITS, CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.memory import arena_bytes, scratch_bytes
from annconv.plan.plan import Plan

pytestmark = pytest.mark.compiles

STRUCTURES = 3_000_000
SEEDS = (*range(STRUCTURES, STRUCTURES + 15), *range(700, 715))
CHUNK = 10
FUSED = ("image", "conv", "pool", "deep", "classes")

SIZES = """
#include <cstdio>
#include "annconv/handle.hpp"
static const annconv::NetworkTable* chosen = nullptr;
const annconv::NetworkTable* annconv_network() {{ return chosen; }}
const annconv::NetworkFacts& annconv::network_facts() {{
    static const NetworkFacts facts{{}};
    return facts;
}}
int main() {{
    for (const annconv::NetworkTable* table : {{{tables}}}) {{
        chosen = table;
        const auto handle = table->real_bytes == 8 ? annconv::Handle<double>::bytes(1)
                                                   : annconv::Handle<float>::bytes(1);
        std::printf("%zu %zu %zu\\n", static_cast<std::size_t>(table->arena_bytes),
                    table->scratch_bytes(), handle + annconv::kAlignment);
    }}
}}
"""
"""Prints what each network needs; in front of a handle the API has one line of the cache."""


def sizes(plans: Sequence[Plan], folder: Path) -> list[list[int]]:
    """Bytes of arena, scratch memory and handle as the compiler sees them."""
    text = [includes((*KERNEL_HEADERS, *TABLE_HEADERS))]
    for number, plan in enumerate(plans):
        own = folder / str(number)
        own.mkdir()
        for name, content in render_network(plan).items():
            (own / name).write_text(f"// {number}\n{content}", encoding="utf-8")
            if name.endswith(".cpp"):
                include = f'#include "{number}/{name}"'
                text.append(ONE_FILE.format(number=number, include=include))
    tables = ", ".join(f"annconv_network_{number}()" for number in range(len(plans)))
    source, program = folder / "sizes.cpp", folder / "sizes"
    source.write_text("\n".join([*text, SIZES.format(tables=tables)]), encoding="utf-8")
    run_compiler(
        "-std=c++17", "-O0", "-Wno-psabi", f"-I{INCLUDE}", f"-I{folder}", source, "-pthread",
        "-o", program,
    )  # fmt: skip
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


def check(plans: Sequence[Plan], folder: Path) -> None:
    """Bounds hold, and are at most a fifth and 4 KiB larger."""
    unlike: dict[str, Plan] = {plan.digest(): plan for plan in plans}
    wrong = []
    for plan, exact in zip(unlike.values(), sizes(list(unlike.values()), folder), strict=True):
        bounds = (arena_bytes(plan), scratch_bytes(plan), handle_bytes(plan))
        for what, bound, size in zip(("arena", "scratch", "handle"), bounds, exact, strict=True):
            if not size <= bound <= 1.2 * size + 4096:
                wrong.append((plan.precision, what, bound, size))
    assert not wrong


def planned(networks: Sequence[Network], whole: bool) -> Iterator[Plan]:
    """Each network in every precision that takes it; vectors, tile and cache vary."""
    for number, (network, precision) in enumerate(product(networks, PRECISIONS)):
        options = varied(CompileOptions(precision=precision, threads=1, whole=whole), number)
        plan = _plan(network, options)
        if plan is not None:
            yield plan


def _plan(network: Network, options: CompileOptions) -> Plan | None:
    try:
        return lower(network, options)[1]
    except OptionError:  # weights that int16 is too coarse for
        assert options.precision == "int16"
        return None


def zoo_networks() -> list[Network]:
    return [*(make() for make in ZOO.values()), layers(FUSED)]


def drawn(seed: int) -> Network:
    structure = draw_structure(seed) if seed >= STRUCTURES else draw_layers(seed)
    return structure.with_data(np.random.default_rng(seed), on_grid=True)


def test_small_networks(tmp_path: Path) -> None:
    check(list(planned([ZOO["picture"](), ZOO["residual"]()], whole=False)), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("bits", VECTOR_BITS)
def test_the_zoo(bits: int, whole: bool, tmp_path: Path) -> None:
    options = CompileOptions(threads=1, whole=whole, vector_bits=bits)
    chosen = [
        _plan(network, replace(options, precision=precision))
        for network, precision in product(zoo_networks(), PRECISIONS)
    ]
    check([plan for plan in chosen if plan is not None], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("first", range(0, len(SEEDS), CHUNK))
def test_random_networks(first: int, whole: bool, tmp_path: Path) -> None:
    networks = [drawn(seed) for seed in SEEDS[first : first + CHUNK]]
    check(list(planned(networks, whole)), tmp_path)


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_trained_models(model: str, tmp_path: Path, data_folder: Path) -> None:
    network = annconv.convert(data_folder / f"{model}.keras", input_encoding="IB")
    check([*planned([network], whole=False)], tmp_path)
