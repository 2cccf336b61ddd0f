"""Let convolutions of spikes work on the spikes alone."""

from __future__ import annotations

from dataclasses import replace

from annconv.plan.plan import Kernel, OperatorKernel, Plan, UpdateKernel


def event_convolution(plan: Plan) -> Plan:
    """A convolution that reads a spike buffer adds up the weights of its spikes, one by one."""
    signed = {
        kernel.spikes: int(kernel.model.unspike is not None)
        for kernel in plan.kernels
        if isinstance(kernel, UpdateKernel)
    }

    def chosen(kernel: Kernel) -> Kernel:
        if not isinstance(kernel, OperatorKernel) or kernel.function != "convolve":
            return kernel
        if kernel.source not in signed:
            return kernel
        constants = (*kernel.constants, ("kSigned", signed[kernel.source]))
        return replace(kernel, function="convolve_spikes", constants=constants)

    return replace(plan, kernels=tuple(map(chosen, plan.kernels)))
