"""When inputs of equal rate are run as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planned import OPTIONS, chain, convolution, dense, plan_before

from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.share_inputs import share_inputs


def shared(network: Network, options: CompileOptions = OPTIONS) -> bool:
    plan = share_inputs(plan_before(network, "share_inputs", options))
    plan.verify()
    assert (plan.spikes[0] is None) == (plan.shared_inputs is not None)
    return plan.shared_inputs is not None


def test_one_matrix_reads_many_inputs() -> None:
    assert shared(chain((64,), (dense(64, 8), "spikes"), (dense(8, 3), "spikes")))


@pytest.mark.parametrize(
    "network",
    [
        chain((63,), (dense(63, 8), "spikes"), (dense(8, 3), "spikes")),
        chain((64,), (dense(64, 8), "spikes"), (dense(8, 3), "spikes"), encoding="CPN"),
        chain((8, 8, 1), (convolution(3, 1, 8), "spikes"), (dense(512, 3), "spikes")),
    ],
    ids=["few inputs", "a random encoding", "a convolution"],
)
def test_others_stay(network: Network) -> None:
    assert not shared(network)


def test_inputs_that_may_be_recorded_stay() -> None:
    network = chain((64,), (dense(64, 8), "spikes"), (dense(8, 3), "spikes"))
    assert not shared(network, replace(OPTIONS, whole=True))
