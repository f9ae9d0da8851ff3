"""The models as trees of text; `graph_json` renders them for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text
from rich.tree import Tree

from initlint.graph.model import Consumer, Layer, ModelGraph, Write
from initlint.graph.words import UNDETERMINED, Arguments
from initlint.project.source import Location
from initlint.report.folding import Folded, fold
from initlint.report.terminal import draw
from initlint.report.text import escape, line_of


def listing(models: Iterable[ModelGraph], width: int) -> str:
    """Each model with its layers in order, the writes to their parameters, and their consumers.

    Equal blocks are shown once. Lines have at most `width` columns, and ANSI codes for their styles.
    """
    return "\n".join(draw([_tree(model)], width) for model in models)


def _tree(model: ModelGraph) -> Tree:
    file = model.location.span.file
    heading = Text.assemble((escape(model.name), "bold"), f"  {escape(file)}:{model.location.span.local.row}")
    tree = Tree(heading)
    described = [_Described(layer, file) for layer in model.layers]
    for folded in fold([(layer.path, one.text) for layer, one in zip(model.layers, described, strict=True)]):
        branch = tree.add(described[folded.index].heading(folded))
        for detail in described[folded.index].details:
            branch.add(Text(detail))
    for reason in model.incomplete:
        tree.add(Text(f"not followed: {escape(reason)}", "yellow"))
    return tree


class _Described:
    """The lines about one layer, with places as a reader of `file` needs them."""

    def __init__(self, layer: Layer, file: str) -> None:
        self._file = file
        self._kind = escape(f"{layer.type}({_positional(layer.arguments)})")
        self._place = self._at(layer.location)
        self.details = [*map(self._write, layer.writes), *map(self._following, layer.followed_by)]

    @property
    def text(self) -> str:
        return "\n".join((self._kind, self._place, *self.details))

    def heading(self, folded: Folded) -> Text:
        times = f"  x {folded.count}" if folded.count > 1 else ""
        return Text.assemble(
            (escape(folded.label), "cyan"), f"  {self._kind}", (times, "bold"), (f"  {self._place}", "dim")
        )

    def _write(self, write: Write) -> str:
        name = write.initializer.removeprefix("torch.nn.init.")
        call = escape(f"{write.parameter} <- {name}({_named(write.arguments)})")
        via = "".join(f", via {self._at(place)}" for place in write.via)
        return f"{call}{_doubt(write.certain)}  {self._at(write.location)}{via}"

    def _following(self, following: Consumer) -> str:
        end = following.layer if following.op == "layer" and following.layer else following.op
        path = escape(" ".join(f"-> {step}" for step in (*following.between, end)))
        onto = f" {escape(following.layer)}" if following.layer and end != following.layer else ""
        return f"{path}{onto}{_doubt(following.certain)}  {self._at(following.location)}"

    def _at(self, place: Location) -> str:
        return line_of(place.span, self._file)


def _doubt(certain: bool) -> str:
    return "" if certain else " (perhaps)"


def _positional(arguments: Arguments) -> str:
    """The arguments of a layer: sizes without their names, which everybody knows."""
    shown: Iterator[str] = (
        _value(value) if name.startswith(("in_", "out_", "num_", "normalized_")) else f"{name}={_value(value)}"
        for name, value in arguments.items()
    )
    return ", ".join(shown)


def _named(arguments: Arguments) -> str:
    return ", ".join(f"{name}={_value(value)}" for name, value in arguments.items())


def _value(value: object) -> str:
    if value is UNDETERMINED:
        return "?"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)
