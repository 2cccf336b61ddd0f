"""What the drivers share: processes that build tiny networks, and what is right about them.

A driver is a program of its own, as it forks; a fork of pytest might hold the locks of its threads.
"""

from __future__ import annotations

import ctypes
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from zoo import OPTIONS, dense, samples

from annconv.build.builder import Artifact, Support, build_extension, find_extension
from annconv.ir.network import Network
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.reference.network import run_network
from annconv.runtime.compiled import CompiledNetwork, compile_network
from annconv.runtime.extension import load_extension, open_network

RIGHT, WRONG, NOTHING = 0, 1, 4
X = samples(dense())


def network_of(number: int) -> Network:
    """A network whose code is that of no other number."""
    return replace(dense(), name=f"network {number}", dt=0.25 + number / 1024)


def right(compiled: CompiledNetwork) -> int:
    """Whether a network spikes as the oracle's does."""
    found, expected = (
        compiled.run(X),
        run_network(compiled.network, X, steps=compiled.network.steps),
    )
    same = np.array_equal(found.counts, expected.counts)
    return RIGHT if same and np.array_equal(found.labels, expected.labels) else WRONG


class RealNetwork:
    """A network of annconv's own; the binding is in the cache."""

    def __init__(self, number: int) -> None:
        self.network = network_of(number)

    def build(self) -> int:
        return right(compile_network(self.network, OPTIONS))

    def load(self) -> int:
        """Load what is in the cache and build nothing."""
        lowered, plan = lower(self.network, OPTIONS)
        artifact = find_extension(plan.digest(), OPTIONS)
        if artifact is None:
            return NOTHING
        native = open_network(artifact.path, artifact.key, pack(plan, lowered))
        return right(CompiledNetwork(self.network, OPTIONS, plan, native))


class TinyExtension:
    """An extension whose binding, built with it, compiles in no time."""

    def __init__(self, number: int, support: Path) -> None:
        self.number = number
        self.support = Support(support, support / "binding" / "binding.cpp")

    def build(self) -> int:
        body = f'#include "annconv/table.hpp"\nint annconv_answer() {{ return {self.number}; }}\n'
        built = build_extension(
            {"kernels.cpp": body}, OPTIONS, identity=str(self.number), support=self.support
        )
        return self._right(built)

    def load(self) -> int:
        """Load what is in the cache and build nothing."""
        found = find_extension(str(self.number), OPTIONS, support=self.support)
        return NOTHING if found is None else self._right(found)

    def _right(self, built: Artifact) -> int:
        answer = load_extension(built.path, built.key).answer()
        return RIGHT if answer == self.number else WRONG


def fork(work: Callable[[], int]) -> int:
    """Start a process whose exit code is what `work` returns; its id."""
    child = os.fork()
    if child == 0:
        code = WRONG
        try:
            code = work()
        finally:
            if sys.exc_info()[0] is not None:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
    return child


def ended(child: int) -> int:
    """Exit code of a process when it has ended, or the number of its signal below zero."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def adopt_orphans() -> None:
    """Become the parent of what killed children leave running."""
    set_child_subreaper = 36
    if ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0) != 0:
        raise SystemExit("orphans cannot be adopted")
