"""Faults in what becomes of a Keras model before it is planned: `ir`, `frontend`, `conversion`."""

from __future__ import annotations

from fault import Fault

FRONT_FAULTS = (
    Fault(
        "ir-window-count", "annconv/ir/operators.py",
        "return 0 if room < 0 else room // stride + 1",
        "return 0 if room < 0 else -(-room // stride) + 1",
        "a window that does not fit whole is counted",
    ),
    Fault(
        "ir-slice-border", "annconv/ir/operators.py",
        "self.start + geometry[-1] > self.channels",
        "self.start + geometry[-1] >= self.channels",
        "the last part of a Concatenate is refused",
    ),
    Fault(
        "ir-frames-unchecked", "annconv/ir/samples.py",
        "if frames and steps is not None and shape[1] != steps:",
        "if frames and steps is not None and shape[1] < steps:",
        "too many frames are taken",
    ),
    Fault(
        "ir-digest-unchecked", "annconv/ir/snn_file.py",
        "    if not intact:\n", "    if not intact and not network.populations:\n",
        "a saved network with changed weights is loaded",
    ),
    Fault(
        "frontend-same-padding", "annconv/frontend/layers/window.py",
        "return (total // 2, total - total // 2)",
        "return (total - total // 2, total // 2)",
        "the odd cell of padding 'same' goes in front",
    ),
    Fault(
        "frontend-causal-padding", "annconv/frontend/layers/window.py",
        "return (span - 1, 0)", "return (size - 1, 0)",
        "dilation is forgotten in causal padding",
    ),
    Fault(
        "frontend-groups", "annconv/frontend/layers/convolution.py",
        "return Convolution(kernel, strides, padding, dilation, groups)",
        "return Convolution(kernel, strides, padding, dilation, 1)",
        "groups of a convolution are lost",
    ),
    Fault(
        "frontend-bias-dropped", "annconv/frontend/layers/dense.py",
        "not np.any(layer.weights[place])", "not np.all(layer.weights[place])",
        "a bias with a zero in it is dropped",
    ),
    Fault(
        "frontend-pool-strides", "annconv/frontend/layers/pooling.py",
        'strides = size if layer.take("strides") is None',
        'strides = (1,) * rank if layer.take("strides") is None',
        "pooling without strides moves by one",
    ),
    Fault(
        "frontend-transposed-cut", "annconv/frontend/layers/transposed_convolution.py",
        "max(reached + span - result, 0) // 2", "-(-max(reached + span - result, 0) // 2)",
        "the odd cell that a transposed convolution leaves out lies in front",
    ),
    Fault(
        "frontend-normalisation-axis", "annconv/frontend/layers/scaling.py",
        "back = tuple(order.index(axis) for axis in range(rank))", "back = order",
        "axes that changed places for a scale do not go back to theirs",
    ),
    Fault(
        "frontend-bilinear-centre", "annconv/frontend/layers/resizing.py",
        "* given / wanted - 0.5", "* given / wanted",
        "values between two cells are taken half a cell further",
    ),
    Fault(
        "frontend-setting-lost", "annconv/frontend/layer_view.py",
        "and _plain(value) != _plain(self._defaults.get(key))",
        "and _plain(value) != _plain(self._config.get(key))",
        "settings that no handler reads are lost without a word",
    ),
    Fault(
        "frontend-nested-inputs", "annconv/frontend/keras_model.py",
        "given = [given.get(tensor.name) for tensor in model.inputs]",
        "given = list(given.values())",
        "a dict for a nested model goes to its inputs in the order of the dict",
    ),
    Fault(
        "frontend-output-of-nested", "annconv/frontend/keras_model.py",
        "return id(_node(tensor)), int(_history(tensor).tensor_index)",
        "return id(_node(tensor)), 0",
        "all outputs of a nested model are its first",
    ),
    Fault(
        "frontend-lifted-padding", "annconv/frontend/lifting.py",
        "(*zeros, *layer.padding),\n                (*ones, *layer.dilation),",
        "(*layer.padding, *zeros),\n                (*ones, *layer.dilation),",
        "in TimeDistributed time is padded",
    ),
    Fault(
        "frontend-permutes-kept", "annconv/frontend/permutes.py",
        "through = tuple(source.layer.axes[axis] for axis in node.layer.axes)",
        "through = tuple(range(len(node.layer.axes)))",
        "any two neighbouring Permutes go",
    ),
    Fault(
        "frontend-channels-first", "annconv/frontend/layer_reading.py",
        "last, first = Permute((*range(1, rank), 0)), Permute((rank - 1, *range(rank - 1)))",
        "last, first = Permute((*range(1, rank), 0)), Permute((*range(1, rank), 0))",
        "channels that come first are not put back",
    ),
    Fault(
        "frontend-constant-minus", "annconv/frontend/operations.py",
        "((one, -constant) if first else (-one, constant))",
        "((one, -constant) if first else (one, -constant))",
        "1 - x is read as x - 1",
    ),
    Fault(
        "reference-inputs-by-name", "annconv/reference/samples.py",
        "return [samples[name] for name in names]", "return list(samples.values())",
        "arrays by name go to the inputs in the order of the dict",
    ),
    Fault(
        "conversion-threshold-index", "annconv/conversion/annarchy/thresholds.py",
        "return initial - step * index", "return initial - step * (index + 1)",
        "thresholds are those of the next layer",
    ),
    Fault(
        "conversion-last-threshold", "annconv/conversion/annarchy/network.py",
        "return spiking is found.layers[-1] and spiking.is_dense",
        "return spiking is found.layers[-1]",
        "a last layer that is no Dense keeps its threshold",
    ),
    Fault(
        "conversion-transmits", "annconv/conversion/annarchy/network.py",
        "return SPIKES if spiking.is_dense else MASK", "return SPIKES",
        "convolutions read spikes instead of their trace",
    ),
    Fault(
        "conversion-largest-sum", "annconv/conversion/annarchy/normalisation.py",
        "largest = float(positive.sum(axis=0).max())",
        "largest = float(np.abs(values).reshape(-1, values.shape[-1]).sum(axis=0).max())",
        "negative weights count in the normalisation",
    ),
    Fault(
        "conversion-first-factor", "annconv/conversion/annarchy/normalisation.py",
        "FIRST_DEFAULT = 2.0", "FIRST_DEFAULT = 1.0",
        "the default factors begin at 1",
    ),
    Fault(
        "conversion-graph-padded-offset", "annconv/conversion/graph/passing.py",
        "own = None if any(map(any, layer.padding)) else per_channel(offsets, given)",
        "own = per_channel(offsets, given)",
        "an offset passes a convolution with padding",
    ),
    Fault(
        "conversion-graph-signed-maximum", "annconv/conversion/graph/passing.py",
        "case MaxPool() | AdaptiveMaxPool() if not _are_positive(factors):",
        "case MaxPool() | AdaptiveMaxPool() if not factors.any():",
        "factors below 0 pass max pooling",
    ),
    Fault(
        "conversion-graph-group-factors", "annconv/conversion/graph/absorbing.py",
        "return np.repeat(groups.T, filters // layer.groups, axis=1)",
        "return np.tile(groups.T, filters // layer.groups)",
        "filters of a group take the factors of another one",
    ),
    Fault(
        "conversion-graph-transposed-axis", "annconv/conversion/graph/absorbing.py",
        "kernel=_product(kernel, own[..., None])", "kernel=_product(kernel, own)",
        "a transposed convolution is scaled along its inputs",
    ),
    Fault(
        "conversion-graph-permuted-back", "annconv/conversion/graph/constants.py",
        "np.transpose(full, np.argsort(layer.axes))", "np.transpose(full, layer.axes)",
        "constants go back through a permutation as they go forth",
    ),
    Fault(
        "conversion-graph-outputs-change", "annconv/conversion/graph/editing.py",
        "if len(readers) == 1 and not self.is_output(node) else None",
        "if len(readers) == 1 else None",
        "values of an output change where one node reads it",
    ),
    Fault(
        "conversion-graph-offset-factor", "annconv/conversion/graph/passing.py",
        "offsets = _times(double(values), own)", "offsets = double(values)",
        "a factor passes an offset without multiplying it",
    ),
    Fault(
        "conversion-graph-zeros-win", "annconv/conversion/graph/join_moves.py",
        "fits = read.low >= 0 and windows_hold_cells(joint, geometry)",
        "fits = windows_hold_cells(joint, geometry)",
        "max pooling pads by itself where zeros are larger than values",
    ),
    Fault(
        "conversion-graph-permutations", "annconv/conversion/graph/join_moves.py",
        "Permute(tuple(first.axes[axis] for axis in second.axes))",
        "Permute(tuple(second.axes[axis] for axis in first.axes))",
        "two permutations are joined in the wrong order",
    ),
    Fault(
        "conversion-graph-padding-between", "annconv/conversion/graph/compose_linear.py",
        "and not any(map(any, layer.padding))", "and layer.groups > 0",
        "a padded pointwise convolution is composed with another one",
    ),
    Fault(
        "conversion-graph-leaky", "annconv/conversion/graph/ranges.py",
        "if slope or threshold < 0", "if threshold < 0",
        "what a leaky ReLU passes on counts as not negative",
    ),
    Fault(
        "conversion-constant-summed", "annconv/conversion/sections.py",
        "carried = np.zeros((1, *shape)) if values is None else values",
        "carried = np.zeros((1, *shape))",
        "of several biases in a section the last one counts",
    ),
    Fault(
        "conversion-returned-junction", "annconv/conversion/sections.py",
        "reads[node.name] == 1 and node.name not in graph.outputs:", "reads[node.name] == 1:",
        "a linear value that the model returns and a layer reads is no point",
    ),
    Fault(
        "conversion-same-everywhere", "annconv/conversion/sections.py",
        "if (rows == rows[0]).all() else", "if len(rows) else",
        "a constant that differs from position to position is the first one's",
    ),
    Fault(
        "conversion-subtract", "annconv/conversion/placing.py",
        "isinstance(join, Subtract) and place else", "isinstance(join, Subtract) else",
        "both inputs of a difference are taken away",
    ),
    Fault(
        "conversion-concatenate", "annconv/conversion/placing.py",
        "padding[axis + 1] = (before, behind)", "padding[axis + 1] = (behind, before)",
        "parts along an axis stand in reverse",
    ),
    Fault(
        "conversion-pooled-values", "annconv/conversion/annarchy/survey.py",
        "pooled = pooled or isinstance(node.layer, MaxPool)", "pooled = False",
        "a model may end in the maxima of values that can be negative",
    ),
    Fault(
        "conversion-missing-relu", "annconv/conversion/annarchy/survey.py",
        "unread = self._is_listed(node) and may_activate(node.origin[-1])",
        "unread = self._is_listed(node)",
        "any layer that could not be read counts as the ReLU behind weights",
    ),
    Fault(
        "conversion-takers", "annconv/conversion/presets.py",
        "if layer not in refused(entry.name))", "if refused(entry.name))",
        "a remedy names presets that refuse the layer, too",
    ),
    Fault(
        "conversion-taker-itself", "annconv/conversion/presets.py",
        "if entry.name != preset.name]", "]",
        "a remedy names the preset that refuses",
    ),
)  # fmt: skip
