"""Where the static tracer and torch differ on the models of a real package, by kind of layer and kind of difference.

    initlint graph --isolated --output-format json PATH/torchvision > static.json
    python benchmarks/trace_models.py torchvision=PATH --graphs FOLDER
    python benchmarks/agreement.py static.json FOLDER/torchvision.json --show 5

Compares the models that both name by the same function or class, layer by layer. An index in a path counts as any
(`blocks.0.conv` and `blocks.*.conv` are one row), for the static tracer does not always know how many there are.
Prints the table in Markdown, and with `--show N` the first N rows of each kind of difference.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Model = dict[str, Any]

FAMILIES = {
    "Linear": r"Linear|Bilinear",
    "Conv": r"Conv\dd",
    "ConvTranspose": r"ConvTranspose\dd",
    "norm": r"\w*Norm\w*",
    "Embedding": r"Embedding\w*",
    "recurrent": r"RNN\w*|LSTM\w*|GRU\w*",
    "attention": r"MultiheadAttention",
    "Parameter": r"Parameter",
}
KINDS = ("same", "static silent", "static less", "static other")
"""`silent`: it is certain of nothing; `less`: of part of what torch shows; `other`: of what torch does not show."""


@dataclass
class Row:
    """What one engine says of all layers of one path, its indices aside."""

    type: str
    where: str
    follows: set[tuple[str, ...]] = field(default_factory=set)
    inits: set[tuple[str, str]] = field(default_factory=set)


def rows_of(model: Model) -> dict[str, Row]:
    """By path, indices as `*`."""
    found: dict[str, Row] = {}
    for layer in model["layers"]:
        path = re.sub(r"(?<![^.])\d+(?![^.])", "*", layer["path"])
        row = found.setdefault(path, Row(layer["type"].removeprefix("Lazy"), f"{layer['file']}:{layer['line']}"))
        row.follows |= {(f["op"], *f["between"]) for f in layer["followed_by"] if f["certain"]}
        writes = [write for write in layer["writes"] if write["parameter"] == "weight"]
        if all(write["certain"] for write in writes):
            last = writes[-1] if writes else None
            place = "" if last is None else f"{Path(last['file']).name}:{last['line']}"
            row.inits.add(("default" if last is None else last["initializer"].rpartition(".")[2], place))
    return found


def kind_of(static: set[Any], traced: set[Any]) -> str:
    """How what the static tracer is certain of relates to what torch shows."""
    if static == traced:
        return "same"
    if not static:
        return "static silent"
    return "static less" if static < traced else "static other"


def pairs_of(static: Path, traced: Path) -> Iterator[tuple[Model, Model]]:
    """The models of the same file and name, the first of each."""
    first: list[Mapping[tuple[str, str], Model]] = []
    for path in (static, traced):
        models = json.loads(path.read_text(encoding="utf-8"))["models"]
        first.append({(str(Path(m["file"]).resolve()), m["name"]): m for m in reversed(models)})
    for place, model in first[1].items():
        if place in first[0]:
            yield first[0][place], model


def main() -> None:
    """Print the table, and rows that differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("static", type=Path)
    parser.add_argument("traced", type=Path)
    parser.add_argument("--show", type=int, default=0, metavar="N")
    given = parser.parse_args()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    shown: dict[str, list[str]] = defaultdict(list)
    models = 0
    for static, traced in pairs_of(given.static, given.traced):
        models += 1
        known, seen = rows_of(static), rows_of(traced)
        for path in known.keys() | seen.keys():
            one, other = known.get(path), seen.get(path)
            row = known[path] if other is None else other
            family = next((name for name, p in FAMILIES.items() if re.fullmatch(p, row.type)), "other")
            if one is None or other is None:
                kinds = ["only static" if other is None else "only torch"]
                what = row.where
            else:
                follows, init = kind_of(one.follows, other.follows), kind_of(one.inits, other.inits)
                kinds = ["both", f"follows: {follows}", f"init: {init}"]
                what = f"{one.follows} torch {other.follows}; init {one.inits} torch {other.inits} ({one.where})"
            counts[family].update(kinds)
            for kind in kinds:
                shown[kind].append(f"{traced['name']}: {path}: {what}")
    _print_table(models, counts)
    for kind, lines in shown.items():
        if kind != "both" and not kind.endswith(" same"):
            print("", *(f"{kind}: {line}" for line in lines[: given.show]), sep="\n")


def _print_table(models: int, counts: Mapping[str, Counter[str]]) -> None:
    columns = ["only torch", "only static", "both"]
    columns += [f"{what}: {kind}" for what in ("follows", "init") for kind in KINDS]
    print(f"{models} models\n\n| layer | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}")
    everything = sum(counts.values(), Counter[str]())
    for name, count in (*sorted(counts.items()), ("all", everything)):
        print(f"| {name} | {' | '.join(str(count[column]) for column in columns)} |")


if __name__ == "__main__":
    main()
