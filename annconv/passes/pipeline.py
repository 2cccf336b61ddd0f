"""Which passes run, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from annconv.errors import OptionError, nearest
from annconv.ir.network import Network
from annconv.machine import first_level_cache
from annconv.options import CompileOptions
from annconv.passes.commute_trace import commute_trace
from annconv.passes.dissolve_junctions import dissolve_junctions
from annconv.passes.fold_scale import fold_scale
from annconv.passes.follow_events import follow_events
from annconv.passes.fuse_layers import fuse_layers
from annconv.passes.hold_steady import hold_steady
from annconv.passes.liveness import liveness
from annconv.passes.multiply_decays import multiply_decays
from annconv.passes.multiply_reciprocals import multiply_reciprocals
from annconv.passes.order_channels import order_channels
from annconv.passes.pack_spikes import pack_spikes
from annconv.passes.quantise_weights import quantise_weights
from annconv.passes.share_inputs import share_inputs
from annconv.passes.skip_resting import skip_resting
from annconv.passes.tabulate_patterns import tabulate_patterns
from annconv.passes.tile_steps import tile_steps
from annconv.plan.plan import Plan
from annconv.plan.planner import make_plan
from annconv.plan.target import Target

Stage = TypeVar("Stage", Network, Plan)

Observer = Callable[[str, str], None]
"""Receives the name of a stage and its text."""


@dataclass(frozen=True, slots=True)
class Pass(Generic[Stage]):
    """A rewrite and when it runs.

    Attributes:
        run: The rewrite.
        level: The lowest optimisation level at which it runs.
        in_integers: Whether it runs in integer precision, whatever level and options say, as it
            belongs to what is computed there (or has run already); None: as in other precisions.
    """

    run: Callable[[Stage], Stage]
    level: int
    in_integers: bool | None = None

    @property
    def name(self) -> str:
        """Its name in `disable=`."""
        return self.run.__name__


INTEGER_PASSES: tuple[Pass[Network], ...] = (
    Pass(dissolve_junctions, level=0),  # first: what is added up has to be spikes
    Pass(commute_trace, level=0),  # for the same reason
    Pass(fold_scale, level=0),  # before quantise_weights: factors belong to the weights
    Pass(quantise_weights, level=0),
)
"""What `precision="int16"` makes of a network, whatever is optimised."""

NETWORK_PASSES: tuple[Pass[Network], ...] = (
    # First: activity is estimated from the network as it was given.
    Pass(order_channels, level=2),
    # Before commute_trace, which makes traces that no junction adds up.
    Pass(dissolve_junctions, level=1, in_integers=False),
    # Before fold_scale: decides which traces anyone still reads.
    Pass(commute_trace, level=1, in_integers=False),
    # After commute_trace, which leaves factors behind the weights.
    Pass(fold_scale, level=1, in_integers=False),
)

PLAN_PASSES: tuple[Pass[Plan], ...] = (
    Pass(liveness, level=1),  # first: what nobody reads needs no kernel
    Pass(hold_steady, level=1),  # before tile_steps, which decides what is kept for every step
    # Any time, in this order: both change neurons alone.
    Pass(multiply_reciprocals, level=2, in_integers=True),
    Pass(multiply_decays, level=2, in_integers=True),
    Pass(tile_steps, level=2),  # before fuse_layers, which needs kernels by population
    Pass(fuse_layers, level=2),  # before follow_events: layers choose tiles of their own
    Pass(tabulate_patterns, level=2),  # after fuse_layers, which chooses what inner loops read
    Pass(skip_resting, level=2),  # after fuse_layers, whose layers know what reaches them
    Pass(share_inputs, level=2),  # after fuse_layers, which tells what reads the inputs
    Pass(pack_spikes, level=2),  # after fuse_layers and share_inputs, which decide who reads spikes
    Pass(follow_events, level=2),  # last: takes the convolutions that no layer holds
)


def pass_names() -> tuple[str, ...]:
    """Every pass that `disable=` can name."""
    return (
        *(entry.name for entry in NETWORK_PASSES),
        *(entry.name for entry in PLAN_PASSES),
    )


def target_of(options: CompileOptions) -> Target:
    """What a plan is laid out for, on this machine where the options do not say."""
    return Target(
        vector_bytes=options.vector_bytes(),
        cache_bytes=(first_level_cache() if options.cache_bytes is None else options.cache_bytes),
        tile=options.tile,
        whole=options.whole,
        tables=any(entry.run is tabulate_patterns for entry in _selected(PLAN_PASSES, options)),
    )


def ignore_stage(_name: str, _text: str) -> None:
    """The observer that keeps nothing."""


def network_of(
    network: Network, options: CompileOptions, observe: Observer = ignore_stage
) -> Network:
    """What a network is in a precision: in integers, one of whole weights.

    Args:
        network: A network.
        options: Its precision counts.
        observe: As `lower`.
    Returns:
        The network that the compiled one equals.
    Raises:
        OptionError: 16 bits have too few levels for the weights.
    """
    if options.precision != "int16":
        return network
    for entry in INTEGER_PASSES:
        network = _applied(entry, network, observe)
    return network


def lower(
    network: Network, options: CompileOptions, observe: Observer = ignore_stage
) -> tuple[Network, Plan]:
    """Optimise a network, plan it, and optimise the plan.

    Args:
        network: A network.
        options: Precision, level and switched-off passes.
        observe: Called with every stage: "network", the passes' names, "plan".
    Returns:
        The network whose values the plan packs, and the plan.
    Raises:
        OptionError: `disable` names an unknown pass, or 16 bits have too few levels for weights.
        VerifyError: The network breaks a rule.
    """
    known = pass_names()
    unknown = [name for name in options.disable if name not in known]
    if unknown:
        raise OptionError(
            f"disable: unknown pass {name!r}. {nearest(name, known)}." for name in unknown
        )
    network.verify()
    observe("network", str(network))
    network = network_of(network, options, observe)
    network = _run(NETWORK_PASSES, network, options, observe)
    plan = make_plan(network, options.precision, target_of(options))
    observe("plan", str(plan))
    return network, _run(PLAN_PASSES, plan, options, observe)


def _run(
    passes: Sequence[Pass[Stage]], stage: Stage, options: CompileOptions, observe: Observer
) -> Stage:
    for entry in _selected(passes, options):
        stage = _applied(entry, stage, observe)
    return stage


def _applied(entry: Pass[Stage], stage: Stage, observe: Observer) -> Stage:
    stage = entry.run(stage)
    stage.verify()
    observe(entry.name, str(stage))
    return stage


def _selected(passes: Iterable[Pass[Stage]], options: CompileOptions) -> Iterable[Pass[Stage]]:
    return (entry for entry in passes if _runs(entry, options))


def _runs(entry: Pass[Any], options: CompileOptions) -> bool:
    if options.precision == "int16" and entry.in_integers is not None:
        return entry.in_integers
    return entry.level <= options.optimize and entry.name not in options.disable
