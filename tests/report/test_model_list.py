"""The models of a report: each once, and a sentence about what is left out."""

from __future__ import annotations

from initlint.diagnostics import Span
from initlint.graph.model import Layer, ModelGraph
from initlint.report.model_list import list_models


def graph(name: str, root: str | None, layers: int, file: str = "net.py") -> ModelGraph:
    span = Span(file, 3, 1, 3, 2)
    return ModelGraph(
        name, span, "static", tuple(Layer(f"fc{n}", "Linear", {}, name, "fc", span) for n in range(layers)), root=root
    )


def test_a_model_with_several_arguments_is_listed_once_with_the_most_layers() -> None:
    listed = list_models(
        [graph("Net", "net.Net", 2), graph("Net", "net.Net", 5), graph("Net", "other.Net", 1, "other.py")]
    )
    assert [(model.name, len(model.layers)) for model in listed.models] == [("Net", 5), ("Net", 1)]
    assert listed.left_out == "Left out: 1 variant of listed models with other arguments."


def test_builders_of_listed_models_and_layers_outside_of_classes_are_left_out() -> None:
    models = [
        graph("net18", "net.Net", 3),
        graph("Net", "net.Net", 2),
        graph("mlp", "torch.nn.Sequential", 2),
        graph("net", None, 1),
    ]
    listed = list_models(models)
    assert [model.name for model in listed.models] == ["Net", "mlp"]
    assert listed.left_out == (
        "Left out: the builders net18, whose models are listed; 1 group of layers outside of any class."
    )


def test_what_is_alone_is_listed() -> None:
    for alone in (graph("net", None, 1), graph("net18", "net.Net", 3)):
        listed = list_models([alone])
        assert (listed.models, listed.left_out) == ((alone,), "")
