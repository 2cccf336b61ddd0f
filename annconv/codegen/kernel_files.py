"""Which file holds which kernels: layers that are alike share their code, and files their time.

A compiler works on one file at a time, so that a deep network is spread over several. What calls
kernels stands in a file of its own, and nothing is optimised across files: GCC 12 at level 3 takes
a kernel whose addresses it computes as integers (-fivopts) for one that stores nothing, and drops
the calls that it sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from annconv.codegen.contexts import Context, plain_context
from annconv.codegen.headers import kernel_headers
from annconv.codegen.layer_context import LayerContext, layer_context, named_kind
from annconv.codegen.shapes import KernelNames, kernel_names
from annconv.plan.kernels import Kernel, LayerKernel, SharingKernel
from annconv.plan.plan import Plan

FILE_COST = 10
LAYER_COST, PLAIN_COST = 3, 1
"""How long kernels take to compile, beside one another: a layer's code is many times longer. What
fills a file takes about ten times as long as the headers in front of it."""


@dataclass(frozen=True, slots=True)
class KernelFile:
    """A file of kernels.

    Attributes:
        name: Its name.
        headers: Headers of the support library that it includes.
        kernels: The contexts of what it holds.
    """

    name: str
    headers: tuple[str, ...]
    kernels: tuple[Context, ...]


@dataclass(slots=True)
class _Group:
    """Kernels that stay together: layers that are alike, or one other kernel."""

    cost: int
    kernels: list[Kernel]
    layers: list[tuple[KernelNames, LayerContext]] = field(default_factory=list)
    plain: tuple[Context, ...] = ()

    def contexts(self) -> tuple[Context, ...]:
        """What the templates see; the first of layers that are alike brings what they share."""
        if not self.layers:
            return self.plain
        kind = named_kind([context for _, context in self.layers], self.layers[0][0])
        return tuple(
            {**context.own, "kind": kind, "first": position == 0}
            for position, (_, context) in enumerate(self.layers)
        )


def kernel_files(plan: Plan) -> Iterator[KernelFile]:
    """The kernel files of a plan."""
    files: list[list[_Group]] = [[]]
    for group in _groups(plan):
        cost = sum(entry.cost for entry in files[-1])
        if cost and cost + group.cost > FILE_COST:
            files.append([])
        files[-1].append(group)
    for number, groups in enumerate(files, start=1):
        yield KernelFile(
            name="kernels.cpp" if len(files) == 1 else f"kernels_{number}.cpp",
            headers=kernel_headers(kernel for group in groups for kernel in group.kernels),
            kernels=tuple(context for group in groups for context in group.contexts()),
        )


def _groups(plan: Plan) -> list[_Group]:
    """The kernels of a plan, those together that share code."""
    names = kernel_names(plan)
    alike: dict[str, _Group] = {}
    groups: list[_Group] = []
    for kernel in plan.kernels:
        if isinstance(kernel, SharingKernel):  # the support library has all its code
            continue
        if not isinstance(kernel, LayerKernel):
            plain = (plain_context(kernel, plan, names[kernel.name]),)
            groups.append(_Group(PLAIN_COST, [kernel], plain=plain))
            continue
        context = layer_context(kernel, plan, names[kernel.name])
        group = alike.get(context.key)
        if group is None:
            group = alike[context.key] = _Group(LAYER_COST, [])
            groups.append(group)
        group.kernels.append(kernel)
        group.layers.append((names[kernel.name], context))
    return groups
