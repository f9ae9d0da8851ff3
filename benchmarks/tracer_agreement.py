"""Where the static tracer and torch differ on the models of a real package, by kind of layer and kind of difference.

    initlint graph --isolated --output-format json PATH/torchvision > static.json
    python benchmarks/trace_models.py torchvision=PATH --graphs FOLDER
    python benchmarks/tracer_agreement.py --static static.json --traced FOLDER/torchvision.json --show 5

Compares the models that both name by the same function or class, layer by layer. An index in a path counts as any
(`blocks.0.conv` and `blocks.*.conv` are one row), since the static tracer does not always know the length of a list.
Prints the table in Markdown, and with `--show N` the first N rows of each kind of difference.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
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
KINDS = ("same", "unsure", "silent", "less", "other")
"""How the static tracer's graph relates to torch's. `unsure`: the same, but uncertain due to an undecided condition;
`silent`: nothing; `less`: a part is certain; `other`: something else is certain."""


@dataclass
class Row:
    """One engine's graph of all layers with one path, indices ignored."""

    type: str
    where: str
    follows: set[tuple[str, ...]] = field(default_factory=set)
    may_follow: set[tuple[str, ...]] = field(default_factory=set)
    inits: set[tuple[str, str]] = field(default_factory=set)


def rows_of(model: Model) -> dict[str, Row]:
    """The rows of a model by path, with `*` for each index."""
    rows: dict[str, Row] = {}
    for layer in model["layers"]:
        path = re.sub(r"(?<![^.])\d+(?![^.])", "*", layer["path"])
        row = rows.setdefault(path, Row(layer["type"].removeprefix("Lazy"), f"{layer['file']}:{layer['line']}"))
        row.follows |= {(f["op"], *f["between"]) for f in layer["followed_by"] if f["certain"]}
        row.may_follow |= {(f["op"], *f["between"]) for f in layer["followed_by"]}
        writes = [write for write in layer["writes"] if write["parameter"] == "weight"]
        if all(write["certain"] for write in writes):
            last = writes[-1] if writes else None
            place = "" if last is None else f"{Path(last['file']).name}:{last['line']}"
            row.inits.add(("default" if last is None else last["initializer"].rpartition(".")[2], place))
    return rows


def kind_of(static: set[Any], traced: set[Any], possible: frozenset[Any] = frozenset()) -> str:
    """How certain and possible results of the static tracer relate to those of torch: one of KINDS."""
    if static == traced:
        return "same"
    if not static:
        return "unsure" if traced <= possible else "silent"
    return "less" if static < traced else "other"


def models_of(paths: Sequence[Path]) -> dict[tuple[str, str], Model]:
    """The first model of each name in each file."""
    models = [model for path in paths for model in json.loads(path.read_text(encoding="utf-8"))["models"]]
    return {(str(Path(model["file"]).resolve()), model["name"]): model for model in reversed(models)}


def kinds_of(one: Row | None, other: Row | None) -> list[str]:
    """The columns in which a row counts, from the static tracer (`one`) and from torch (`other`)."""
    if one is None or other is None:
        return ["only static" if other is None else "only torch"]
    follows = kind_of(one.follows, other.follows, frozenset(one.may_follow))
    kinds = [f"follows: {follows}", f"init: {kind_of(one.inits, other.inits)}"]
    return ["both", *kinds, *(["other type"] if one.type != other.type else [])]


def main() -> None:
    """Print the table, and rows that differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--static", type=Path, nargs="+", required=True)
    parser.add_argument("--traced", type=Path, nargs="+", required=True)
    parser.add_argument("--show", type=int, default=0, metavar="N")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    differing: dict[str, list[str]] = defaultdict(list)
    static, traced = models_of(options.static), models_of(options.traced)
    common = [key for key in traced if key in static]
    for key in common:
        static_rows, traced_rows = rows_of(static[key]), rows_of(traced[key])
        for path in {**static_rows, **traced_rows}:
            one, other = static_rows.get(path), traced_rows.get(path)
            row = static_rows[path] if other is None else other
            family = next((name for name, pattern in FAMILIES.items() if re.fullmatch(pattern, row.type)), "other")
            kinds = kinds_of(one, other)
            counts[family].update(kinds)
            for kind in kinds:
                differing[kind].append(f"{kind}: {key[1]}: {path}: static {one}, torch {other}")
    _print_table(len(common), counts)
    for kind, lines in differing.items():
        if options.show and kind != "both" and not kind.endswith(" same"):
            print("", *lines[: options.show], sep="\n")


def _print_table(models: int, counts: Mapping[str, Counter[str]]) -> None:
    columns = ["only torch", "only static", "both", "other type"]
    columns += [f"{what}: {kind}" for what in ("follows", "init") for kind in KINDS]
    print(f"{models} models\n\n| layer | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}")
    everything = sum(counts.values(), Counter[str]())
    for name, count in (*sorted(counts.items()), ("all", everything)):
        print(f"| {name} | {' | '.join(str(count[column]) for column in columns)} |")


if __name__ == "__main__":
    main()
