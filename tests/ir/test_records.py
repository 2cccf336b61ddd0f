"""Canonical text and digests: every field of every class, and every way to be refused."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import fields, replace

import numpy as np
import pytest

from annconv.errors import InputError
from annconv.ir.activations import ACTIVATIONS
from annconv.ir.graph import LAYERS, Graph, Input, Node
from annconv.ir.joins import JOINS
from annconv.ir.maps import MAPS
from annconv.ir.network import NETWORK, Network
from annconv.ir.operators import OPERATORS
from annconv.ir.origin import Origin
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.ir.records import canonical_json, decode, encode
from annconv.neurons.neuron import Neuron
from annconv.readouts.readout import Readout


def encoded(network: Network) -> tuple[dict, dict]:
    """The network's JSON value as it comes from a file, and its arrays."""
    value, arrays = encode(NETWORK, network)
    return json.loads(canonical_json(value)), arrays


def at(value: object, path: str) -> object:
    """What stands at a dotted path of a JSON value."""
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def put(value: object, path: str, new: object) -> None:
    """Replace what stands at a dotted path of a JSON value."""
    parent, _, last = path.rpartition(".")
    holder = at(value, parent) if parent else value
    holder[int(last) if isinstance(holder, list) else last] = new


def test_networks_read_back_as_they_were(network, every_operator):
    for before in (network, every_operator):
        after = decode(NETWORK, *encoded(before))
        assert str(after) == str(before)
        assert canonical_json(encode(NETWORK, after)[0]) == canonical_json(
            encode(NETWORK, before)[0]
        )
        assert after.digest() == before.digest()


def test_every_operator_can_be_encoded(every_operator):
    used = {type(operator) for p in every_operator.projections for operator in p.operators}
    assert used == set(OPERATORS)


def test_every_layer_can_be_encoded(graph, other_layers):
    assert set(LAYERS) == {Input, *OPERATORS, *MAPS, *ACTIVATIONS, *JOINS}
    digests = {
        replace(graph, nodes=(replace(graph["in"], layer=layer),)).digest()
        for layer in other_layers
    }
    assert len(digests) == len(other_layers)


@pytest.mark.parametrize("cls", [*LAYERS, Graph, Node, Origin, Network, Population, Projection])
def test_no_field_is_forgotten(cls, network, every_operator, graph, other_layers):
    """A field that the table misses would be lost in silence; encoding names its fields."""
    found = {}
    values = [network, every_operator, graph, *graph.layers, *graph.nodes, *other_layers]
    values += [*every_operator.populations, *every_operator.projections]
    values += [operator for p in every_operator.projections for operator in p.operators]
    values += [node.layer for node in graph.nodes]
    for value in values:
        found.setdefault(type(value), value)
    names = {field.name for field in fields(cls)}
    for name in names:
        assert changes_digest(found[cls], name, network, graph), f"{cls.__name__}.{name}"


def changes_digest(value: object, name: str, network: Network, graph: Graph) -> bool:
    """Whether a structure that holds `value` notices another value of its field `name`."""
    changed = copy.copy(value)
    object.__setattr__(changed, name, object())
    holders = {
        Network: lambda v: v,
        Population: lambda v: replace(network, populations=(v,)),
        Projection: lambda v: replace(network, projections=(v,)),
        Graph: lambda v: v,
        Node: lambda v: replace(graph, nodes=(v,)),
        Origin: lambda v: replace(graph, layers=(v,)),
    }
    hold = holders.get(
        type(value), lambda v: replace(graph, nodes=(replace(graph["in"], layer=v),))
    )
    hold(value).digest()
    with pytest.raises(InputError):
        hold(changed).digest()
    return True


@pytest.mark.parametrize("cls", [Neuron, Readout])
def test_no_field_of_neuron_or_readout_is_forgotten(cls, network):
    every = replace(network["input"].neuron, refractory="2.0", functions="f(x) = x")
    first = replace(network.populations[0], neuron=every)
    value, _ = encoded(replace(network, populations=(first, *network.populations[1:])))
    path = {Neuron: "populations.0.neuron", Readout: "readout"}[cls]
    assert sorted(at(value, path)) == sorted(field.name for field in fields(cls))


def test_digest_is_that_of_text_and_arrays(network):
    value, arrays = encode(NETWORK, network)
    text = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    content = b"".join(arrays[name].tobytes() for name in sorted(arrays))
    expected = hashlib.sha256(f"{len(text)}:".encode() + text + content).hexdigest()
    assert network.digest() == expected


def test_text_is_canonical(network):
    text = canonical_json(encode(NETWORK, network)[0])
    assert text.isascii()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert text.startswith('{"class_names":["no","yes"],"dt":1.0,')
    assert text == canonical_json(encode(NETWORK, replace(network, dt=1, steps=np.int64(1000)))[0])


def test_arrays_are_named_by_their_place(network):
    value, arrays = encoded(network)
    assert sorted(arrays) == [
        "populations.1.parameters.vt",
        "projections.0.operators.0.weights",
        "projections.1.operators.0.weights",
    ]
    assert at(value, "projections.0.operators.0") == {
        "class": "Dense",
        "weights": {
            "array": "projections.0.operators.0.weights",
            "dtype": "<f4",
            "shape": [4, 3],
        },
    }


WRONG = [
    ("name", 3, "name: expected text, received 3"),
    ("dt", "1.0", "dt: expected a finite number with a decimal point or exponent, received '1.0'"),
    ("dt", 1, "dt: expected a finite number with a decimal point"),
    ("dt", True, "dt: expected a finite number"),
    ("dt", float("inf"), "dt: expected a finite number"),
    ("steps", 1.0, "steps: expected a whole number"),
    ("steps", True, "steps: expected a whole number"),
    ("steps", 2**31, "steps: expected a whole number of at most 2147483647"),
    ("class_names", "yes", "class_names: expected a list, received 'yes'"),
    ("class_names", None, "class_names: expected a list, received None"),
    ("class_names.1", None, r"class_names\.1: expected text"),
    ("options", [], "options: expected a mapping from text"),
    ("options.dt", 1, r"options\.dt: expected text"),
    ("populations.0", [], r"populations\.0: expected an object with name, geometry"),
    ("populations.0.geometry", [4.0], r"populations\.0\.geometry\.0: expected a whole number"),
    ("populations.0.neuron", "IaF", r"populations\.0\.neuron: expected an object"),
    ("populations.0.neuron.spike", 1, r"populations\.0\.neuron\.spike: expected text"),
    ("populations.0.origin.0.index", None, r"origin\.0\.index: expected a whole number"),
    ("populations.1.parameters.vt", 1.0, r"parameters\.vt: expected an object with array"),
    ("populations.1.parameters.vt.array", "x", "vt.array: expected 'populations.1"),
    (
        "populations.1.parameters.vt.dtype",
        "<f4",
        r"dtype '<f4' and shape \(3,\), received '<f8' and",
    ),
    ("populations.1.parameters.vt.shape", [4], r"shape \(4,\), received '<f8' and \(3,\)"),
    ("projections.0.operators.0", None, r"operators\.0: expected an operator: one of Convolution"),
    ("projections.0.operators.0.class", "Softmax", "an operator: one of Convolution"),
    ("projections.0.operators.0.class", ["Dense"], "an operator: one of Convolution"),
    ("projections.0.operators.0.class", "Reshape", "fields geometry, received no 'geometry'"),
    ("readout.parameters.0", ["k"], r"readout\.parameters\.0: expected a pair"),
    ("readout.parameters.0.1", "5", r"readout\.parameters\.0\.1: expected a finite number"),
]


@pytest.mark.parametrize(("path", "new", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_values_are_refused_with_their_place(path, new, message, network):
    value, arrays = encoded(network)
    put(value, path, new)
    with pytest.raises(InputError, match=message):
        decode(NETWORK, value, arrays)


def test_padding_is_a_list_of_pairs(every_operator):
    value, arrays = encoded(every_operator)
    put(value, "projections.0.operators.0.padding.1", [0, 0, 0])
    with pytest.raises(InputError, match=r"padding\.1: expected a list of 2"):
        decode(NETWORK, value, arrays)


def objects(value: object, path: str = "") -> list[str]:
    """Paths of all objects inside a JSON value whose keys are fields."""
    found: list[str] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        inside = f"{path}.{key}" if path else str(key)
        if isinstance(item, dict | list):
            if isinstance(item, dict) and key not in ("options", "parameters"):
                found.append(inside)
            found += objects(item, inside)
    return found


def test_missing_and_unknown_fields_are_refused_everywhere(every_operator):
    value, arrays = encoded(every_operator)
    paths = objects(value)
    assert len(paths) > 20
    for path in paths:
        for field in list(at(value, path)):
            broken = copy.deepcopy(value)
            del at(broken, path)[field]
            with pytest.raises(InputError):
                decode(NETWORK, broken, arrays)
        broken = copy.deepcopy(value)
        at(broken, path)["surprise"] = 1
        with pytest.raises(InputError, match="unknown 'surprise'"):
            decode(NETWORK, broken, arrays)


LATER = {"refractory": "2.0", "functions": "f(x) = 2*x"}
"""Fields of a neuron that the first files had not, with a value that means something."""


@pytest.mark.parametrize("field", sorted(LATER))
def test_fields_that_came_later_are_written_where_they_are_used(field, network):
    plain, arrays = encoded(network)
    assert field not in at(plain, "populations.1.neuron")
    used = replace(network["hidden"].neuron, **{field: LATER[field]})
    hidden = replace(network["hidden"], neuron=used)
    changed = replace(network, populations=(network["input"], hidden, network["output"]))
    value, _ = encoded(changed)
    assert at(value, f"populations.1.neuron.{field}") == LATER[field]
    assert getattr(decode(NETWORK, value, arrays)["hidden"].neuron, field) == LATER[field]
    assert changed.digest() != network.digest()
    put(value, f"populations.1.neuron.{field}", None)
    assert decode(NETWORK, value, arrays) == network
    put(value, f"populations.1.neuron.{field}", 2)
    with pytest.raises(InputError, match=rf"neuron\.{field}: expected text, received 2"):
        decode(NETWORK, value, arrays)


def test_arrays_must_be_exactly_those_referred_to(network):
    value, arrays = encoded(network)
    with pytest.raises(InputError, match="vt: expected its array, received none"):
        decode(NETWORK, value, {})
    with pytest.raises(InputError, match=r"arrays: expected only .* received extra"):
        decode(NETWORK, value, {**arrays, "extra": np.zeros(1)})


@pytest.mark.parametrize("value", [None, [], "text", 3, {}])
def test_something_else_than_a_network_is_refused(value):
    with pytest.raises(InputError, match="the structure: expected"):
        decode(NETWORK, value, {})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("dt", float("nan"), "dt: expected a finite number, received nan"),
        ("name", None, "name: expected text, received None"),
        ("class_names", ["a"], "class_names: expected a tuple"),
        ("options", {"a": 1}, r"options\.a: expected text"),
        ("populations", ("input",), r"populations\.0: expected a Population, received 'input'"),
        ("readout", None, "readout: expected a Readout"),
    ],
)
def test_fields_of_another_type_have_no_digest(field, value, message, network):
    changed = copy.copy(network)
    object.__setattr__(changed, field, value)
    with pytest.raises(InputError, match=message):
        changed.digest()


def test_unknown_operators_have_no_digest(network):
    class Twice:
        """No operator of ours."""

    projection = replace(network.projections[0], operators=(Twice(),))
    with pytest.raises(InputError, match=r"operators\.0: expected an operator, received a Twice"):
        replace(network, projections=(projection,)).digest()
