"""Times of kernels, and which kernel belongs to which projection."""

from types import SimpleNamespace

import pytest
from zoo import picture

from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.kernels import UpdateKernel
from profiles import KernelTime, kernel_of, kernel_times
from sections.kernels import kernel_bounds


@pytest.fixture
def lowered():
    """A plan of kernels, step by step, in place of a compiled network."""
    options = CompileOptions(precision="single", vector_bits=256, optimize=1)
    return SimpleNamespace(plan=lower(picture(), options)[1])


def test_each_kernel_has_the_medians_of_its_times():
    runs = iter(
        [
            {"a": 3.0, "b sums": 1.0, "b neurons": 5.0},
            {"a": 1.0, "b sums": 5.0, "b neurons": 4.0},
            {"a": 2.0, "b sums": 4.0, "b neurons": 6.0},
        ]
    )

    def profile(samples, steps):
        assert (samples, steps) == ("samples", 5)
        return next(runs)

    times = kernel_times(SimpleNamespace(profile=profile), "samples", steps=5, repeats=3)
    assert times == {"a": KernelTime(2.0), "b": KernelTime(9.0, 4.0)}


def test_a_projection_has_the_kernel_that_reads_its_weights(lowered):
    assert kernel_of(lowered, "conv_proj_2") == "apply_conv_proj_2"
    assert kernel_of(lowered, "dense_proj_4") == "apply_dense_proj_4"
    assert kernel_of(lowered, "pool_proj_3") is None


def test_a_layer_applies_the_weights_that_it_reads():
    options = CompileOptions(precision="double", vector_bits=256)
    fused = SimpleNamespace(plan=lower(picture(), options)[1])
    assert kernel_of(fused, "conv_proj_2") == "layer_conv"
    bounds = kernel_bounds(fused, {}, steps=10)
    assert bounds["layer_conv"] == 10 * 32 / 4


def test_bounds_are_additions_or_what_is_read(lowered):
    bounds = kernel_bounds(lowered, {"apply_conv_proj_2": 123.0}, steps=10)
    assert set(bounds) == {kernel.name for kernel in lowered.plan.kernels}
    assert bounds["apply_conv_proj_2"] == 123.0
    # Eight reals a vector. The pooling reads 4 x 4 x 2 traces in each of ten steps.
    assert bounds["apply_pool_proj_3"] == 10 * 32 / 8
    update = next(kernel for kernel in lowered.plan.kernels if kernel.name == "update_image")
    assert isinstance(update, UpdateKernel)
    # v, u and the rates of 16 neurons; its trace moved to the projection's end.
    assert [entry.name for entry in update.variables] == ["v", "u"]
    assert bounds["update_image"] == 10 * 3 * 16 / 8
