"""to_annarchy: the same network in ANNarchy."""

from __future__ import annotations

from typing import Any

from annconv.errors import InputError
from annconv.interop.annarchy.building import build, import_annarchy
from annconv.interop.annarchy.translation import translate
from annconv.ir.network import Network


def to_annarchy(network: Network, *, seed: int | None = None) -> Any:
    """Build the same network in ANNarchy.

    Populations and projections have the names that they have here, neurons the equations. The
    network is not compiled, so that others can be joined to it:

        net = annconv.to_annarchy(network)
        image = net.get_population(network.input.name)
        net.compile()
        image.rates = X[0] * network.input_scale
        net.simulate(200)

    Its spikes are those of `annconv.compile(network, precision="double")` but for rounding, and
    for the random numbers of encodings (`docs/to_annarchy.md`).

    Args:
        network: What `convert` or `load` returned.
        seed: Of ANNarchy's random numbers; None: ANNarchy draws one.
    Returns:
        An `ANNarchy.Network` with the network's `dt`, not compiled.
    Raises:
        InputError: `network` is not a Network.
        VerifyError: It breaks its own rules.
        UnsupportedNetworkError: ANNarchy cannot say it; every reason is listed.
        AnnconvError: ANNarchy 5.0 is missing.
    """
    if not isinstance(network, Network):
        raise InputError(
            "annconv.to_annarchy",
            expected="a Network, made by annconv.convert or annconv.load",
            received=type(network).__name__,
        )
    network.verify()
    translation = translate(network)
    return build(import_annarchy(), translation, seed)
