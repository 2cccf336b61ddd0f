"""Which file holds which kernels: layers that are alike share their code, and files their time.

A compiler works on one file at a time, so that a deep network is spread over several. What calls
kernels stands in a file of its own, and nothing is optimised across files: GCC 12 at level 3 takes
a kernel whose addresses it computes as integers (-fivopts) for one that stores nothing, and drops
the calls that it sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from annconv.codegen.contexts import Context, plain_context
from annconv.codegen.layer_context import LayerContext, layer_context, named_kind
from annconv.codegen.shapes import KernelNames, kernel_names
from annconv.plan.kernels import LayerKernel
from annconv.plan.plan import Plan

FILE_COST = 10
LAYER_COST, PLAIN_COST = 3, 1
"""How long kernels take to compile, beside one another: a layer's code is many times longer. What
fills a file takes about ten times as long as the headers in front of it."""


def kernel_files(plan: Plan) -> Iterator[tuple[str, list[Context]]]:
    """Names of the kernel files, and the contexts of what each holds."""
    files: list[list[Context]] = [[]]
    cost = 0
    for group, group_cost in _groups(plan):
        if cost and cost + group_cost > FILE_COST:
            files.append([])
            cost = 0
        files[-1] += group
        cost += group_cost
    for number, kernels in enumerate(files, start=1):
        yield "kernels.cpp" if len(files) == 1 else f"kernels_{number}.cpp", kernels


def _groups(plan: Plan) -> Iterator[tuple[list[Context], int]]:
    """Layers that are alike, and every other kernel by itself, with what they cost to compile."""
    names = kernel_names(plan)
    alike: dict[str, list[tuple[KernelNames, LayerContext]]] = {}
    groups: list[str | Context] = []  # the key of layers that are alike, or a plain kernel
    for kernel in plan.kernels:
        if isinstance(kernel, LayerKernel):
            context = layer_context(kernel, plan, names[kernel.name])
            if context.key not in alike:
                groups.append(context.key)
            alike.setdefault(context.key, []).append((names[kernel.name], context))
        else:
            groups.append(plain_context(kernel, plan, names[kernel.name]))
    for group in groups:
        if isinstance(group, str):
            yield _layers(alike[group]), LAYER_COST
        else:
            yield [group], PLAIN_COST


def _layers(alike: Sequence[tuple[KernelNames, LayerContext]]) -> list[Context]:
    """Contexts of layers that are alike; the first brings what they share."""
    kind = named_kind([context for _, context in alike], alike[0][0])
    return [
        {**context.own, "kind": kind, "first": position == 0}
        for position, (_, context) in enumerate(alike)
    ]
