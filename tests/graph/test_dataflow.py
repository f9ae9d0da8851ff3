"""The walk along the flow: what follows a layer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from initlint.graph.consumers import ConsumerIndex
from initlint.graph.dataflow import (
    ALWAYS,
    Condition,
    FlowNode,
    PathFinder,
    is_always_one,
    residual_layers,
    starts_stream,
)

YES: Condition = frozenset([("test", True)])
NO: Condition = frozenset([("test", False)])
LOCATION: Any = "here"


def node(kind: str, op: str, *inputs: FlowNode, condition: Condition = ALWAYS, layer: str | None = None) -> FlowNode:
    return FlowNode(kind, op, [(one, ALWAYS) for one in inputs], None, condition, layer)


def source() -> FlowNode:
    return node("input", "input")


def add(*inputs: FlowNode) -> FlowNode:
    return node("modifier", "add", *inputs)


def ends(start: FlowNode) -> list[tuple[str, tuple[str, ...]]]:
    return [(end.node.op, end.between) for end in PathFinder().ends(start)]


def test_what_lies_between_is_told_in_order() -> None:
    conv = node("layer", "Conv2d", source())
    node(
        "activation",
        "relu",
        node("identity", "flatten", node("modifier", "pool", node("modifier", "batch_norm", conv))),
    )
    assert ends(conv) == [("relu", ("batch_norm", "pool"))]


def test_a_path_goes_through_one_add() -> None:
    conv = node("layer", "Conv2d", source())
    first = add(conv, source())
    node("activation", "relu", first)
    second = add(node("modifier", "scale", first), source())
    node("activation", "tanh", second)
    assert ends(conv) == [("relu", ("add",))]
    assert ends(first) == [("relu", ()), ("tanh", ("scale", "add"))]


def test_a_sum_of_three_is_one_sum() -> None:
    conv = node("layer", "Conv2d", source())
    node("activation", "relu", add(add(conv, source()), source()))
    assert ends(conv) == [("relu", ("add",))]


def test_a_way_on_both_sides_of_a_condition_is_certain() -> None:
    conv = node("layer", "Conv2d", source())
    joined = FlowNode("join", "join", [(conv, YES), (node("identity", "flatten", conv), NO)], None)
    node("activation", "relu", joined)
    (end,) = PathFinder().ends(conv)
    assert end.condition == ALWAYS


def test_a_way_on_one_side_is_not_certain() -> None:
    conv = node("layer", "Conv2d", source())
    node("activation", "relu", conv, condition=YES)
    (end,) = PathFinder().ends(conv)
    assert end.condition == YES


def test_a_long_chain_needs_no_deep_stack() -> None:
    conv = node("layer", "Conv2d", source())
    last = conv
    for _ in range(5_000):
        last = node("identity", "view", last)
    node("output", "output", last)
    assert ends(conv) == [("output", ())]


def test_a_skip_runs_around_the_layers_between_fork_and_sum() -> None:
    fork = node("layer", "Conv2d", source(), layer="before")
    inner = node("layer", "Conv2d", node("activation", "relu", fork), layer="inside")
    assert list(residual_layers([add(inner, fork)])) == ["inside"]


def case(*tests: tuple[str, bool]) -> Condition:
    return frozenset(tests)


def test_a_way_in_every_case_of_nested_conditions_is_certain() -> None:
    conv = node("layer", "Conv2d", source())
    cases = [case(("a", True)), case(("a", False), ("b", True)), case(("a", False), ("b", False))]
    for order in permutations(cases):
        joined = FlowNode("join", "join", [(conv, condition) for condition in order], None)
        node("activation", "relu", joined)
        (end,) = PathFinder().ends(conv)
        assert end.condition == ALWAYS
        conv.users.clear()


def test_a_case_that_is_left_out_is_not_certain() -> None:
    conv = node("layer", "Conv2d", source())
    cases = [case(("a", True)), case(("a", False), ("b", True), ("c", True))]
    joined = FlowNode("join", "join", [(conv, condition) for condition in cases], None)
    node("activation", "relu", joined)
    assert [end.condition for end in PathFinder().ends(conv)] == cases


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([ALWAYS], True),
        ([], False),
        ([YES], False),
        ([YES, NO], True),
        ([case(("a", True)), case(("b", True))], False),
        ([case(("a", True)), case(("a", False), ("b", True)), case(("b", False))], True),
        ([case(("a", True), ("b", True)), case(("a", False), ("b", True)), case(("b", False), ("c", True))], False),
    ],
)
def test_conditions_of_which_one_always_holds(conditions: list[Condition], expected: bool) -> None:
    assert is_always_one(conditions) is expected


def consumers(*activations: FlowNode) -> list[tuple[str, tuple[str, ...], bool]]:
    """The consumers of the layer that all these activations follow."""
    layer = activations[0].inputs[0][0]
    while layer.kind != "layer":
        layer = layer.inputs[0][0]
    index = ConsumerIndex({"conv": [layer]}, {"conv": "conv"})
    return [(one.op, one.between, one.certain) for one in index.of("conv")]


def after(conv: FlowNode, op: str, condition: Condition, *between: str, slope: float | None = None) -> FlowNode:
    """An activation under a condition, behind modifiers."""
    last = conv
    for modifier in between:
        last = FlowNode("modifier", modifier, [(last, ALWAYS)], LOCATION, condition)
    arguments = {} if slope is None else {"negative_slope": slope}
    return FlowNode("activation", op, [(last, ALWAYS)], LOCATION, condition, arguments=arguments)


def test_the_same_activation_on_both_sides_of_a_condition_is_certain() -> None:
    conv = node("layer", "Conv2d", source(), layer="conv")
    assert consumers(after(conv, "relu", YES), after(conv, "relu", NO)) == [("relu", (), True)]


def test_a_factor_on_one_side_of_a_condition_leaves_what_follows_certain() -> None:
    conv = node("layer", "Conv2d", source(), layer="conv")
    found = consumers(after(conv, "relu", YES, "scale"), after(conv, "relu", NO))
    assert sorted(found) == [("relu", (), False), ("relu", ("scale",), True)]


@pytest.mark.parametrize(
    "one",
    [("tanh", YES), ("relu", YES, "batch_norm"), ("relu", YES, "add"), ("relu", case(("other", True)))],
)
def test_what_differs_between_the_sides_of_a_condition_is_not_certain(one: tuple[Any, ...]) -> None:
    conv = node("layer", "Conv2d", source(), layer="conv")
    assert not any(certain for _, _, certain in consumers(after(conv, *one), after(conv, "relu", NO)))


def test_an_activation_with_other_arguments_is_not_the_same() -> None:
    conv = node("layer", "Conv2d", source(), layer="conv")
    found = consumers(after(conv, "leaky_relu", YES, slope=0.1), after(conv, "leaky_relu", NO, slope=0.2))
    assert not any(certain for _, _, certain in found)


class _Counted(list[tuple[FlowNode, Condition]]):
    """Inputs or users of a node that count how often they are looked at."""

    looks = 0

    def __iter__(self) -> Iterator[tuple[FlowNode, Condition]]:
        _Counted.looks += 1
        return super().__iter__()


def test_the_norms_of_a_deep_residual_network_are_told_apart_one_by_one() -> None:
    stream, norms, nodes = source(), list[FlowNode](), list[FlowNode]()
    for _ in range(200):
        norm = node("modifier", "layer_norm", node("layer", "Linear", stream))
        stream = FlowNode("modifier", "add", [(stream, ALWAYS), (norm, ALWAYS)], None, exact=True)
        norms.append(norm)
        nodes += [norm, stream]
    for each in nodes:
        each.inputs, each.users = _Counted(each.inputs), _Counted(each.users)
    assert not any(map(starts_stream, norms))
    assert _Counted.looks <= 5 * len(norms)
