"""Faults in the compiler, package by package, and in what runs the compiled network."""

from __future__ import annotations

from fault import Fault
from front_faults import FRONT_FAULTS

MEANING = (
    Fault(
        "reference-mean-padding", "annconv/reference/operators.py",
        "inside = window_sums(np.ones((1, *values.shape[1:-1], 1), dtype=values.dtype))",
        "inside = float(math.prod(operator.size))",
        "padding counts in the oracle's mean",
    ),
    Fault(
        "reference-max-padding", "annconv/reference/operators.py",
        "padded = _pad(values, operator.padding, -np.inf)",
        "padded = _pad(values, operator.padding, 0.0)",
        "padding counts as 0 in the oracle's maximum",
    ),
    Fault(
        "reference-round-border", "annconv/reference/expressions.py",
        "away = np.abs(value - whole) >= 0.5", "away = np.abs(value - whole) > 0.5",
        "the oracle rounds halves towards zero",
    ),
    Fault(
        "reference-midpoint", "annconv/reference/integration.py",
        '    half = np.asarray(0.5 * scope["dt"])\n    middle',
        '    half = np.asarray(0.25 * scope["dt"])\n    middle',
        "the oracle's midpoint is a quarter",
    ),
    Fault(
        "reference-runge-kutta", "annconv/reference/integration.py",
        "k3 = _gradients(odes, _moved(scope, k2, half), draws)",
        "k3 = _gradients(odes, _moved(scope, k1, half), draws)",
        "the oracle's third slope starts from the first",
    ),
    Fault(
        "reference-softmax-axes", "annconv/reference/activations.py",
        "powers.sum(axis=layer.axes, keepdims=True)", "powers.sum(axis=-1, keepdims=True)",
        "softmax over several axes is divided by the sum over the last",
    ),
    Fault(
        "reference-adaptive-windows", "annconv/reference/maps.py",
        "-(-(i + 1) * extent // count)", "(i + 1) * extent // count",
        "windows of adaptive pooling lose their last cell",
    ),
    Fault(
        "reference-leaky-slope", "annconv/reference/activations.py",
        "layer.slope * (values - layer.threshold)",
        "0.0 * (values - layer.threshold)",
        "the slope of a leaky ReLU is forgotten",
    ),
    Fault(
        "reference-first-statistic", "annconv/reference/population.py",
        'first = inputs["t"] == 0', 'first = inputs["t"] < 0',
        "statistics of the first step are those of the start values",
    ),
    Fault(
        "reference-unspike-both", "annconv/reference/population.py",
        "unfired = self._holds(self.model.unspike, draws) & ~fired",
        "unfired = self._holds(self.model.unspike, draws)",
        "a neuron spikes and unspikes in one step",
    ),
    Fault(
        "neurons-lower-bound", "annconv/neurons/library.py",
        "init = 0.0, min = -2.0\n        dmask/dt", "init = 0.0, min = -1.0\n        dmask/dt",
        "another lower bound of IaF",
    ),
    Fault(
        "neurons-izhikevich", "annconv/neurons/library.py",
        "        d = 4.0\n", "        d = 8.0\n", "another jump of u in IB",
    ),
    Fault(
        "neurons-whole-period", "annconv/neurons/internal.py",
        "PART_OF_A_STEP = 0.001", "PART_OF_A_STEP = 0.0",
        "0.3 ms are two steps of 0.1 ms",
    ),
    Fault(
        "neurons-ready", "annconv/neurons/internal.py",
        '_READY = Binary("<", _LEFT, Number(-0.5))', '_READY = Binary("<", _LEFT, Number(0.5))',
        "a refractory period ends a step early",
    ),
    Fault(
        "neurons-linear-sign", "annconv/neurons/linear.py",
        'return right if operator == "+" else Negate(right)', "return right",
        "0 - x is x in the slopes of equations",
    ),
    Fault(
        "neurons-implicit-sign", "annconv/neurons/methods.py",
        "row.append(left_over(form.slope) if same else Negate(times_step(form.slope)))",
        "row.append(left_over(form.slope) if same else times_step(form.slope))",
        "couplings of the implicit method have the wrong sign",
    ),
    Fault(
        "readouts-tie-sample", "annconv/readouts/labels.py",
        "draws = uniform(seed, 0, TIE_STEP, TIE_STREAM, first_sample + several)",
        "draws = uniform(seed, 0, TIE_STEP, TIE_STREAM, several)",
        "ties are drawn by place in the batch",
    ),
    Fault(
        "readouts-k-border", "annconv/readouts/time_to_k_spikes.py",
        'stop="count >= k"', 'stop="count > k"', "a sample ends one spike late",
    ),
    Fault(
        "readouts-first-spike", "annconv/readouts/time_to_first_spike.py",
        'stop="count >= 1"', 'stop="count >= 2"', "a sample ends with the second spike",
    ),
    Fault(
        "distributions-upper-end", "annconv/distributions.py",
        "return np.asarray(low + np.floor(numbers(0) * (high - low + 1.0)))",
        "return np.asarray(low + np.floor(numbers(0) * (high - low)))",
        "the upper end of DiscreteUniform is never drawn",
    ),
    Fault(
        "philox-round", "annconv/philox.py", "_ROUNDS = 10", "_ROUNDS = 9",
        "a round of the random generator is left out",
    ),
)  # fmt: skip

LOWERING = (
    Fault(
        "passes-trace-factor", "annconv/passes/commute_trace.py",
        "return 1.0 + exponent * (1.0 + exponent / 2.0)",
        "return 1.0 + exponent * (1.0 + exponent)",
        "a trace by the midpoint method decays otherwise",
    ),
    Fault(
        "passes-unspike-dies", "annconv/passes/liveness.py",
        "for condition in (model.spike, model.unspike):",
        "for condition in (model.spike,):",
        "what only the unspike condition reads is removed",
    ),
    Fault(
        "passes-implicit-dies", "annconv/passes/liveness.py",
        "reads |= solved.get(entry.variable, frozenset())", "reads |= frozenset()",
        "part of a system of equations is removed",
    ),
    Fault(
        "packing-places", "annconv/plan/packing.py",
        "return np.argsort(_channels(entry, network))",
        "return np.asarray(_channels(entry, network))",
        "recorded ranks are put back the wrong way",
    ),
    Fault(
        "passes-joined-channels", "annconv/passes/dissolve_junctions.py",
        "slice(operator.start, operator.start + geometry[-1])", "slice(0, geometry[-1])",
        "an input of a Concatenate is read with the weights of another",
    ),
    Fault(
        "passes-factors-of-rows", "annconv/passes/fold_scale.py",
        "factors = np.broadcast_to(scale.factors, geometry).reshape(-1, 1)",
        "factors = np.broadcast_to(scale.factors, geometry).reshape(-1, 1)[::-1]",
        "factors in front of weights go to the rows of other channels",
    ),
    Fault(
        "signals-steady-delay", "annconv/ir/signals.py",
        "steady=signal.steady and projection.delay == 0", "steady=signal.steady",
        "the first step reads a current that arrives one step later",
    ),
    Fault(
        "passes-steady-trace", "annconv/passes/hold_steady.py",
        "AS_CHEAP = (TRANSFER, FUSED_SCALE)", "AS_CHEAP = (TRANSFER,)",
        "a product that rounds with a trace is computed apart from it",
    ),
    Fault(
        "passes-folded-first", "annconv/passes/fold_scale.py",
        "for place in reversed(range(len(chain))):", "for place in range(len(chain)):",
        "factors behind one that was folded are looked for where they no longer stand",
    ),
    Fault(
        "passes-steady-junction", "annconv/passes/hold_steady.py",
        "if other.source == kernel.target and crosses and not _is_held(other):",
        "if other.source == kernel.target and crosses and False:",
        "who asks a junction in every step finds what one step left",
    ),
    Fault(
        "plan-increase-falls", "annconv/plan/pooled_counts.py",
        'signed=emits == "signed"', "signed=False",
        "the increase of a pooled count is never taken back",
    ),
    Fault(
        "passes-rates-divided", "annconv/neurons/reciprocals.py",
        "if name not in changing and model.parameter(name):", "if model.parameter(name):",
        "a quotient by the input's rate is rewritten",
    ),
    Fault(
        "passes-decays-offset", "annconv/neurons/decays.py",
        "or linear is None or linear.offset != ZERO:", "or linear is None:",
        "a variable that also grows decays only",
    ),
    Fault(
        "passes-decays-lasting", "annconv/neurons/decays.py",
        "name not in changing and model.parameter(name) is not None", "name not in changing",
        "a decay whose factor changes is computed once",
    ),
    Fault(
        "passes-trace-rounds", "annconv/plan/planner.py",
        "if rounds_once and last.function == SCALE:", "if False:",
        "a trace of integers rounds its product by itself",
    ),
    Fault(
        "passes-packed-others", "annconv/passes/pack_spikes.py",
        "packed = written - others", "packed = written",
        "spikes that other kernels read as bytes become bits",
    ),
    Fault(
        "passes-rest-draws", "annconv/passes/skip_resting.py",
        '"t" not in model.reads() and model.draws == 0', "model.draws == 0",
        "neurons that know the time are skipped at rest",
    ),
    Fault(
        "passes-folded-scale", "annconv/passes/fold_scale.py",
        "kernel = last.kernel.astype(np.float64) * operator.factors",
        "kernel = last.kernel.astype(np.float64)",
        "a scale behind a convolution is lost",
    ),
    Fault(
        "passes-folded-scales", "annconv/passes/fold_scale.py",
        "Scale(last.factors.astype(np.float64) * operator.factors)", "last",
        "a scale behind a scale is lost",
    ),
    Fault(
        "passes-shared-most", "annconv/passes/share_inputs.py",
        "if len(readers) != 1 or not isinstance(readers[0], LayerKernel):",
        "if not readers or not isinstance(readers[0], LayerKernel):",
        "inputs that two kernels read are shared",
    ),
    Fault(
        "plan-traces-shared", "annconv/plan/planner.py",
        "return len(decays) == 1 and None not in decays", "return None not in decays",
        "traces of different decay are kept in one sum",
    ),
    Fault(
        "plan-sums-replaced", "annconv/plan/planner.py",
        "ordered.append(replace(kernel, adds=kernel.target in written))",
        "ordered.append(replace(kernel, adds=False))",
        "of several projections onto a sum only the last one counts",
    ),
    Fault(
        "plan-padding-behind", "annconv/plan/operators.py",
        '("kPad", _extents(tuple(before for before, _ in padding), 0)),',
        '("kPad", _extents(tuple(after for _, after in padding), 0)),',
        "windows are moved by the padding behind",
    ),
    Fault(
        "plan-pattern-bits", "annconv/plan/layouts.py",
        "(np.arange(2**bits)[:, None] >> np.arange(bits) & 1)",
        "(np.arange(2**bits)[:, None] >> np.arange(bits)[::-1] & 1)",
        "patterns of spikes are read from the other end",
    ),
    Fault(
        "plan-rows-first", "annconv/plan/layouts.py",
        "order = (3, 2, 0, 1, 4) if self.rows_together else (3, 0, 2, 1, 4)",
        "order = (3, 2, 0, 1, 4)",
        "kernels whose rows come first are laid out like others",
    ),
    Fault(
        "plan-slice-activity", "annconv/analysis/mean_activity.py",
        "return np.pad(activity, (operator.start, behind))",
        "return np.pad(activity, (behind, operator.start))",
        "the activity of a Concatenate's parts is exchanged",
    ),
    Fault(
        "codegen-parentheses", "annconv/codegen/statements.py",
        'right_text = _operand(right, _EQUALITY if operator == "or" else level + 1)',
        'right_text = _operand(right, _EQUALITY if operator == "or" else level)',
        "a - (b - c) loses its parentheses",
    ),
    Fault(
        "codegen-runge-kutta", "annconv/codegen/integration.py",
        'self._moved(k3, "dt", "{}_fourth")', 'self._moved(k3, "real(0.5) * dt", "{}_fourth")',
        "the last slope of rk4 is taken half a step on",
    ),
    Fault(
        "codegen-reset-order", "annconv/codegen/emission.py",
        "value = expression_text(renamed(assignment.value, new_names))",
        "value = expression_text(assignment.value)",
        "assignments of a reset read the old values",
    ),
    Fault(
        "codegen-lanes-bound", "annconv/codegen/lanes.py",
        'return f"{name} = annconv::select({name} {sign} {limit}, {limit}, {name});"',
        'return f"{name} = annconv::select({name} {sign} {limit}, {name}, {limit});"',
        "bounds of vectors are taken the wrong way round",
    ),
    Fault(
        "codegen-period", "annconv/codegen/network_context.py",
        '"period": {"one": 1, "channel": update.channels, "each": length}[',
        '"period": {"one": 1, "channel": 1, "each": length}[',
        "start values of channels are all the first one's",
    ),
)  # fmt: skip

RUNNING = (
    Fault(
        "build-contraction", "annconv/build/flags.py",
        'contraction = "fast" if options.precision == "single" else "off"',
        'contraction = "fast"',
        "double precision and integers are contracted",
    ),
    Fault(
        "signals-sum", "annconv/ir/signals.py",
        'return Signal("count" if whole else "real", "real", steady)', "return SPIKE",
        "the sum of two spikes is taken for a spike",
    ),
    Fault(
        "signals-unguarded", "annconv/ir/signals.py",
        'return Signal("count" if kept else "real", "signed")', 'return Signal("count", "signed")',
        "a number that may fall below 0 is taken for a count",
    ),
    Fault(
        "signals-windows", "annconv/ir/signals.py",
        "before < size and (count - 1) * stride - before < extent", "before < size",
        "a window that covers no cell is taken to hold a spike",
    ),
    Fault(
        "quantise-outliers", "annconv/plan/quantisation.py",
        "last = len(ordered) - counts // OUTLIERS", "last = len(ordered)",
        "one large weight hides that the others have no levels",
    ),
    Fault(
        "quantise-rounding", "annconv/plan/quantisation.py",
        "rounding = np.count_nonzero(magnitudes, axis=0) / 2", "rounding = 0",
        "whole weights that are rounded up overflow 16 bits",
    ),
    Fault(
        "quantise-unit", "annconv/passes/quantise_weights.py",
        "return Dense(whole), Scale(units)", "return Dense(whole), Scale(units * 1.03)",
        "all currents of integers are 3 % larger",
    ),
    Fault(
        "quantise-shared-rows", "annconv/passes/share_inputs.py",
        'if shape["kSafeAdditions"]:', 'if not shape["kChannelsOut"]:',
        "rows of many equal inputs overflow 16 bits",
    ),
    Fault(
        "codegen-alike-pools", "annconv/codegen/layer_context.py",
        '"layer": "Layer" if kernel.pooling is None else "PooledLayer",',
        '"layer": "PooledLayer",',
        "every layer is taken for one that pools",
    ),
    Fault(
        "codegen-alike-data", "annconv/codegen/kernel_files.py",
        '{**context.own, "kind": kind, "first": position == 0}',
        '{**context.own, "data": alike[0][1].own["data"], "kind": kind, "first": position == 0}',
        "layers that are alike share their state, too",
    ),
    Fault(
        "layer-factor", "annconv/codegen/layer_context.py",
        'arrival.factors is None else f"{factor} * {arrived}"',
        'arrival.factors is None else f"{factor} * ({arrived} + {arrived} * Value(0.03f))"',
        "all currents of integers in layers are 3 % larger",
    ),
    Fault(
        "fuse-hanging", "annconv/plan/layer_arrival.py",
        "return tuple(min(extent, count * size) for extent, count, size in axes)",
        "return tuple(count * size for _, count, size in axes)",
        "neurons beyond the edge of a map are taken for real ones",
    ),
    Fault(
        "arriving-factor", "annconv/codegen/layer_context.py",
        'factor = _numbered("factor", number)', 'factor = _numbered("factor", 1)',
        "all that arrives is scaled by the units of the first projection",
    ),
    Fault(
        "arriving-trace", "annconv/plan/arriving.py",
        "decay=fades[0].packed if fades else None,",
        "decay=fades[0].packed if fades and not total_is_trace else None,",
        "a trace never fades",
    ),
    Fault(
        "fuse-scale", "annconv/plan/arriving.py",
        "return scale.source == operator.target and factors in {1, delivered(operator)[-1]}",
        "return scale.source == operator.target and factors > 0",
        "a layer scales by the factors of other channels",
    ),
    Fault(
        "fuse-element-factors", "annconv/plan/arriving.py",
        "return factors in {1, update.channels}", "return factors > 0",
        "spikes are scaled by the factors of other channels",
    ),
    Fault(
        "build-key-flags", "annconv/build/builder.py",
        "flags=expanded(flags, compiler),", "flags=expanded(flags[:1], compiler),",
        "builds with other flags are taken for the same",
    ),
    Fault(
        "build-digest-unchecked", "annconv/build/manifest.py",
        "elif hashlib.sha256(content).hexdigest() != digest:",
        "elif hashlib.sha256(content).hexdigest() != digest and size < 16:",
        "a damaged extension is loaded",
    ),
    Fault(
        "build-grace", "annconv/build/pruning.py",
        "if used is None or time.time() - used < grace:", "if used is None:",
        "builds that are in use are removed",
    ),
    Fault(
        "build-oldest-first", "annconv/build/pruning.py",
        "for entry in reversed(found):", "for entry in found:",
        "builds used last are removed first",
    ),
    Fault(
        "runtime-kept-options", "annconv/runtime/compiled.py",
        "all(map(is_, asked, last[0])):", "asked == last[0]:",
        "truth values count as numbers after a call with such numbers",
    ),
    Fault(
        "runtime-rate-window", "annconv/runtime/state.py",
        "per_spike = 1000.0 / (window * self.plan.dt) if window else 0.0",
        "per_spike = 1000.0 / window if window else 0.0",
        "measured rates forget the length of a step",
    ),
    Fault(
        "live-wait", "annconv/live/recording.py",
        "return (self.offset - (step - self.origin)) % self.period",
        "return (self.offset - step) % self.period",
        "the period of a monitor counts from step 0",
    ),
    Fault(
        "live-spike-steps", "annconv/live/recording.py",
        'ends = np.searchsorted(sorted_ranks, ranks, side="right")',
        'ends = np.searchsorted(sorted_ranks, ranks, side="left") + 1',
        "of every neuron one spike is told",
    ),
    Fault(
        "live-histogram-border", "annconv/spike_statistics.py",
        "inside = inside[(inside >= first) & (inside <= last)]",
        "inside = inside[(inside >= first) & (inside < last)]",
        "spikes of the last step are left out of a histogram",
    ),
    Fault(
        "live-type", "annconv/live/values.py",
        "return np.trunc(values)\n", "return np.round(values)\n",
        "integers that a script sets are rounded",
    ),
    Fault(
        "live-edited-weights", "annconv/live/edits.py",
        "unchanged = all(\n", "unchanged = any(\n",
        "edited weights are not felt by predict",
    ),
    Fault(
        "samples-brightest", "annconv/sample_files/files.py",
        "BRIGHTEST = np.float32(255)", "BRIGHTEST = np.float32(256)",
        "pixels of IDX files are divided by 256",
    ),
    Fault(
        "samples-idx-too-long", "annconv/sample_files/idx.py",
        "values = file.read(count + 1)", "values = file.read(count)",
        "an IDX file that is too long is taken",
    ),
    Fault(
        "cli-seed", "annconv/cli/commands.py",
        '"seed": arguments.seed', '"seed": 0',
        "--seed has no effect",
    ),
    Fault(
        "distributed-first-sample", "annconv/distributed/worker.py",
        "first_sample=first_sample,", "first_sample=0,",
        "every batch draws the numbers of the first one",
    ),
    Fault(
        "distributed-in-flight", "annconv/distributed/scheduling.py",
        "most() - len(self._pending)", "most()",
        "batches are scheduled without end",
    ),
    Fault(
        "distributed-layout", "annconv/distributed/api.py",
        "vector_bits=options.vector_bits or vector_bits(),", "vector_bits=options.vector_bits,",
        "each worker lays code out for its own vectors",
    ),
    Fault(
        "cli-size-unit", "annconv/machine.py",
        'if power == 0 else f"{size / 1024**power:.1f}',
        'if power == 0 else f"{size / 1000**power:.1f}',
        "sizes are told in other units than they name",
    ),
    Fault(
        "converter-last-sample", "annconv/converter/annarchy.py",
        "last = _rates(network, np.asarray(samples)[-1:], self._compile_options)",
        "last = _rates(network, np.asarray(samples)[:1], self._compile_options)",
        "after predict the network holds the first sample",
    ),
    Fault(
        "converter-disable", "annconv/converter/api.py",
        "precision=precision, threads=threads, optimize=optimize, disable=passes",
        "precision=precision, threads=threads, optimize=optimize",
        "passes are not switched off",
    ),
)  # fmt: skip

PYTHON_FAULTS = FRONT_FAULTS + MEANING + LOWERING + RUNNING
