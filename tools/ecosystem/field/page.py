"""Writes the page `docs/field.md` and its plots from the table: `python -m tools.ecosystem.field.page`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from initlint.facts.initializers import INITIALIZERS
from initlint.rules import rules_by_code
from tools.ecosystem.field import shares
from tools.ecosystem.field.plots import PLOTS, percent, rate, svg
from tools.ecosystem.field.shares import Bar, Split
from tools.ecosystem.field.table import TABLE, Counts, read_table, total
from tools.ecosystem.packages import read_list

PAGE = TABLE.parents[1] / "field.md"
TEMPLATE = Path(__file__).with_name("page_template.md")
_KINDS = {
    "default": "torch's default",
    "xavier": "Xavier",
    "kaiming": "Kaiming",
    "normal": "`normal_`",
    "trunc_normal": "`trunc_normal_`",
    "orthogonal": "`orthogonal_`",
    "uniform": "`uniform_`",
    "zeros": "`zeros_`",
    "ones": "`ones_`",
    "constant": "`constant_`",
    "undecided": "undecided",
}
"""The columns of the tables of inits: by the kind of the function."""
_FEWEST = 30
"""Layers before an activation that has a line of its own."""


def text(table: Mapping[str, Counts]) -> str:
    """The page: the template with the numbers and tables of `table`."""
    return TEMPLATE.read_text(encoding="utf-8").format_map(_values(table))


def _values(table: Mapping[str, Counts]) -> dict[str, str]:
    """By name: what the template shows."""
    parts = shares.split(table)
    both = table.values()
    values = {
        "models": f"{shares.models(both):,}",
        "packages": str(sum("/" not in name for name in _counted(table))),
        "repositories": str(sum("/" in name for name in _counted(table))),
        "skipped": _skipped(table),
        "single": percent(total(both, "size")["1"] / shares.models(both)),
        "large": percent(total(both, "size")["10 or more"] / shares.models(both)),
        "layers": f"{shares.of_families(both, 'init').total():,}",
        "norms": f"{shares.of_families(both, 'init', ['norm']).total():,}",
        "raw": f"{shares.of_families(both, 'init', ['parameter']).total():,}",
        "activations": _activation_table(both),
        "families": _family_table(both),
        "rules": _rule_table(parts),
        "forms": _form_table(parts),
        "package_table": _package_table(table),
    }
    for name, part in zip(("tf", "other"), parts, strict=True):
        values |= {f"{key}_{name}": value for key, value in _numbers(part).items()}
    for plot in PLOTS:
        for bar in PLOTS[plot].bars(parts):
            for name, value in zip(("tf", "other"), bar.values, strict=True):
                values[f"{plot}|{bar.label.replace('`', '')}|{name}"] = PLOTS[plot].text(value)
    for activation, kinds in _activation_kinds(both).items():
        for kind, number in kinds.items():
            values[f"{activation}|{kind}"] = percent(number / kinds.total())
    return values


def _counted(table: Mapping[str, Counts]) -> Iterator[str]:
    return (name for name, counts in table.items() if counts["models", ""])


def _numbers(part: Sequence[Counts]) -> dict[str, str]:
    inits, files = shares.of_families(part, "init"), shares.of_families(part, "file")
    norms, raw = (shares.of_families(part, "init", [family]) for family in ("norm", "parameter"))
    return {
        "models": f"{shares.models(part):,}",
        "layers": f"{inits.total():,}",
        "norms": f"{norms.total():,}",
        "raw": f"{raw.total():,}",
        "set": percent(1 - (inits["default"] + inits["undecided"]) / inits.total()),
        "elsewhere": percent(files["other"] / files.total()),
        "raw_undecided": percent(raw["undecided"] / raw.total()),
        "undecided": percent(inits["undecided"] / inits.total()),
        "norms_default": percent(norms["default"] / norms.total()),
        "norms_one": percent((norms["ones_"] + norms["constant_"]) / norms.total()),
        "places": rate(1000 * sum(total(part, "finding").values()) / shares.models(part)),
    }


def _skipped(table: Mapping[str, Counts]) -> str:
    """Which packages of the list are not counted, and why."""
    skipped = [f"{name} ({reason})" for name, counts in table.items() for kind, reason in counts if kind == "skipped"]
    listed = [str(package) for package in read_list()]
    missing = sum(name not in table for name in listed)
    lines = [f"Skipped: {', '.join(skipped)}."] if skipped else []
    if missing:
        lines.append(f"The table has {len(listed) - missing} of the {len(listed)} entries of the list.")
    return " ".join(lines) or "The table has all entries of the list."


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; all columns but the first are numbers."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _activation_table(counts: Iterable[Counts]) -> str:
    """For each common activation: the share of each kind of init among the layers before it."""
    kinds = _activation_kinds(counts)
    ordered = sorted(kinds, key=lambda activation: (-kinds[activation].total(), activation))
    common = {activation: kinds[activation] for activation in ordered if kinds[activation].total() >= _FEWEST}
    return _kind_table("before", common)


def _activation_kinds(counts: Iterable[Counts]) -> dict[str, Counter[str]]:
    kinds: dict[str, Counter[str]] = {}
    for key, number in total(counts, "activation").items():
        activation, _, init = key.partition(" ")
        kinds.setdefault(activation, Counter())[_kind(init)] += number
    return kinds


def _family_table(counts: Iterable[Counts]) -> str:
    """For each kind of layer: the share of each kind of init."""
    counts = list(counts)
    kinds: dict[str, Counter[str]] = {}
    for family, label in {**shares.FAMILIES, "parameter": "raw `nn.Parameter`"}.items():
        inits = shares.of_families(counts, "init", [family])
        for init, number in inits.items():
            kinds.setdefault(label, Counter())[_kind(init)] += number
    return _kind_table("layer", kinds)


def _kind_table(head: str, lines: Mapping[str, Counter[str]]) -> str:
    rows = []
    for label, kinds in lines.items():
        rest = kinds.total() - sum(kinds[kind] for kind in _KINDS)
        numbers = [*(kinds[kind] for kind in _KINDS), rest]
        rows.append([label, f"{kinds.total():,}", *(percent(number / kinds.total()) for number in numbers)])
    return _lines([head, "layers", *_KINDS.values(), "other"], rows)


def _kind(init: str) -> str:
    return next((known.kind for known in INITIALIZERS.values() if known.name == init), init)


def _rule_table(parts: Split) -> str:
    """For each rule the places and the models that it reports."""
    found = [total(part, "models with") for part in parts]
    models = [shares.models(part) for part in parts]
    rows = []
    for bar in shares.rule_bars(parts):
        code = bar.label.rpartition("(")[2].rstrip(")")
        rule = rules_by_code()[code]
        affected = ["", ""]
        if rule.scope == "model":
            affected = [rate(1000 * each[code] / count) for each, count in zip(found, models, strict=True)]
        link = f"[{code}](rules/{rule.name}.md) {rule.name.replace('-', ' ')}"
        rows.append([link, str(bar.counts[0]), rate(bar.values[0]), str(bar.counts[1]), rate(bar.values[1]), *affected])
    head = ["rule", "places: transformers", "per 1,000 models", "places: others", "per 1,000 models"]
    return _lines([*head, "models with it per 1,000: transformers", "others"], rows)


def _form_table(parts: Split) -> str:
    """The forms in which inits are written, of layers and of raw parameters."""
    layers = {bar.label: bar for bar in shares.form_bars(parts)}
    raw = {bar.label: bar for bar in shares.form_bars(parts, ["parameter"])}
    none = Bar("", (0.0, 0.0), (0, 0))
    rows = []
    for label in shares.FORMS.values():
        values = [value for bars in (layers, raw) for value in bars.get(label, none).values]
        rows.append([label, *map(percent, values)])
    head = ["written as", "layers: transformers", "others", "raw parameters: transformers", "others"]
    return _lines(head, rows)


def _package_table(table: Mapping[str, Counts]) -> str:
    rows = []
    for name, counts in sorted(table.items(), key=lambda item: ("/" in item[0], item[0].lower())):
        package, _, version = name.partition("@" if "/" in name else "==")
        inits = shares.of_families([counts], "init")
        rows.append(
            [package, version[:7] if "/" in name else version, *map(str, (counts["models", ""], inits.total()))]
        )
    return _lines(["package", "version", "models", "layers"], rows)


def main() -> None:
    """Write the plots and the page."""
    table = read_table()
    for name in PLOTS:
        (TABLE.parent / f"{name}.svg").write_text(svg(name, shares.split(table)), encoding="utf-8")
    PAGE.write_text(text(table), encoding="utf-8")


if __name__ == "__main__":
    main()
