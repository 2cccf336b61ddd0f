"""What functions that take a network in any form make of it: the network, and its options."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from annconv.errors import InputError, OptionError
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.runtime.compiled import CompiledNetwork


def network_and_options(
    network: Any, given: Mapping[str, Any], *, free: Collection[str] = ()
) -> tuple[Network, CompileOptions]:
    """A network, and how it is compiled.

    Args:
        network: A Network, the path of a `.snn` file, or what `annconv.compile` returned, whose
            options are taken over.
        given: Options of the compilation by name; None where one was not given.
        free: Those that may be given for a compiled network, too.
    Raises:
        InputError: `network` is something else.
        OptionError: An option has a value that is not allowed, or is given for a compiled network.
        ModelFileError: A file cannot be read.
    """
    changes = {name: value for name, value in given.items() if value is not None}
    if "disable" in changes:
        names = changes["disable"]
        changes["disable"] = (names,) if isinstance(names, str) else tuple(names)
    options = CompileOptions()
    if isinstance(network, CompiledNetwork):
        fixed = [name for name in changes if name not in free]
        if fixed:
            raise OptionError(
                f"{', '.join(fixed)}: expected none for a compiled network, which keeps its own. "
                "Give the network that it was compiled from, or compile it so."
            )
        network, options = network.network, network.options
    elif isinstance(network, str | Path):
        network = Network.load(network)
    if not isinstance(network, Network):
        raise InputError(
            "network",
            expected="a Network, the path of a .snn file, or a compiled network",
            received=type(network).__name__,
        )
    return network, replace(options, **changes)
