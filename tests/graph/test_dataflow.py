"""The walk along the flow: what follows a layer."""

from __future__ import annotations

from initlint.graph.dataflow import ALWAYS, Condition, FlowNode, PathFinder, residual_layers

YES: Condition = frozenset([("test", True)])
NO: Condition = frozenset([("test", False)])


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
