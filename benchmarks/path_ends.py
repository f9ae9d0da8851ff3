"""The operators at which the static tracer ends a path, by how often layers and activations feed them.

    python benchmarks/path_ends.py torchvision=PATH timm=PATH transformers=PATH --top 100

PATH is the folder that holds the package. Each row has the number of consumers, the word in `Consumer.op` (`unknown`
for calls that the tracer does not follow) and the callee as the source spells it. What a row in
`initlint/facts/operator_rows.py` can add is among those with `unknown`.
"""

from __future__ import annotations

import argparse
import ast
import functools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from initlint.facts.activations import ACTIVATIONS
from initlint.graph.model import ModelGraph
from initlint.linter import pipeline
from initlint.project.settings import Settings
from initlint.project.source import Location

_FOLLOWED = frozenset({"layer", "output", *ACTIVATIONS})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--top", type=int, default=100, help="how many rows to print")
    arguments = parser.parse_args()
    total: Counter[tuple[str, str]] = Counter()
    for package in arguments.packages:
        _, _, folder = package.partition("=")
        total.update(path_ends(Path(folder)))
    for (op, callee), count in total.most_common(arguments.top):
        print(f"{count:6}  {op:12} {callee}")


def path_ends(folder: Path) -> Iterator[tuple[str, str]]:
    """For each distinct consumer that ends a path, in all models below `folder`: its operator and its callee."""
    seen: set[tuple[str, Location]] = set()
    for model in pipeline.check_models([folder], Settings(), rules=False).models:
        for op, location in _ends(model):
            if (op, location) not in seen:
                seen.add((op, location))
                yield op, _callee(location)


def _ends(model: ModelGraph) -> Iterator[tuple[str, Location]]:
    for layer in model.layers:
        for consumer in layer.followed_by:
            if consumer.op not in _FOLLOWED:
                yield consumer.op, consumer.location


def _callee(location: Location) -> str:
    """The called function or method as written; the kind of syntax for anything else."""
    span = location.span
    node = _nodes_by_place(span.file).get((span.row, span.column, span.end_row, span.end_column))
    if isinstance(node, ast.BinOp):
        return type(node.op).__name__
    if not isinstance(node, ast.Call):
        return type(node).__name__
    if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name):
        return f"….{node.func.attr}"
    return ast.unparse(node.func)


@functools.lru_cache(maxsize=64)
def _nodes_by_place(file: str) -> dict[tuple[int, int, int, int], ast.expr]:
    """The expressions of a file by their first and last row and column."""
    nodes: dict[tuple[int, int, int, int], ast.expr] = {}
    for node in ast.walk(ast.parse(Path(file).read_bytes())):
        if isinstance(node, ast.expr) and node.end_lineno is not None and node.end_col_offset is not None:
            place = (node.lineno, node.col_offset + 1, node.end_lineno, node.end_col_offset + 1)
            nodes.setdefault(place, node)
    return nodes


if __name__ == "__main__":
    main()
