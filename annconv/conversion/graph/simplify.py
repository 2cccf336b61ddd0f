"""Which rewrites make a Graph simpler, and in which order."""

from __future__ import annotations

from collections.abc import Callable

from annconv.conversion.graph.compose_linear import compose_linear
from annconv.conversion.graph.drop_identities import drop_identities
from annconv.conversion.graph.drop_unread import drop_unread
from annconv.conversion.graph.fold_affine import fold_affine
from annconv.conversion.graph.join_moves import join_moves
from annconv.conversion.graph.move_affine import move_affine
from annconv.conversion.graph.operations import effort
from annconv.conversion.graph.order_pointwise import order_pointwise
from annconv.ir.graph import Graph

Rewrite = Callable[[Graph], Graph]
"""Gives a verified Graph of the same outputs, the given one itself where nothing changes."""

REWRITES: tuple[Rewrite, ...] = (
    drop_unread,  # first: who nobody reads would keep neighbours from being folded
    drop_identities,  # before all others: what changes nothing would stand between neighbours
    join_moves,  # before the affine rewrites: two permutations in a row are often none
    fold_affine,  # before move_affine: neighbours take what they can without changing others
    move_affine,  # before compose_linear: factors and offsets stand between linear layers
    compose_linear,  # before order_pointwise: what becomes one layer needs no order
    order_pointwise,
)
"""In the order in which they run, until none of them changes anything."""


def simplify(graph: Graph) -> Graph:
    """A Graph of fewer nodes and operations that computes the same outputs.

    Every rewrite lowers `effort`, whose numbers are whole and not negative, so this ends.

    Args:
        graph: Of a trained model.
    Returns:
        A verified Graph with outputs of the same names, equal but for rounding in double
        precision. A node that has its name from the given Graph has its values, too. The given
        Graph itself where nothing can be simpler.
    """
    while True:
        simpler = graph
        for rewrite in REWRITES:
            simpler = applied(rewrite, simpler)
        if simpler is graph or effort(simpler) >= effort(graph):
            return graph
        graph = simpler


def applied(rewrite: Rewrite, graph: Graph) -> Graph:
    """One rewrite, and a check of what it made.

    Raises:
        VerifyError: The rewrite broke a rule.
    """
    result = rewrite(graph)
    if result is not graph:
        result.verify()
    return result
