"""Lists each model of a run once: as the class or function that constructs it, with the most layers.

A class that is constructed with several arguments has a graph for each, and so has each function that returns one.
"""

from __future__ import annotations

from collections.abc import Sequence

from initlint._records import dataclass
from initlint.graph.model import ModelGraph
from initlint.linter.results import Finding
from initlint.report.text import counted, escape

_MAX_NAMES = 8

Entry = tuple[ModelGraph, tuple[Finding, ...]]


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models with their findings. `builders`: functions that are left out, because their classes are listed.

    `variants`: how many graphs of listed models with other arguments are left out. `loose`: how many groups of layers
    outside of any class.
    """

    entries: tuple[Entry, ...]
    builders: tuple[str, ...]
    variants: int
    loose: int

    @property
    def models(self) -> tuple[ModelGraph, ...]:
        return tuple(model for model, _ in self.entries)

    @property
    def left_out(self) -> str:
        """A sentence about what is not listed; empty if all is."""
        parts = []
        if self.builders:
            names = ", ".join(map(escape, self.builders[:_MAX_NAMES]))
            more = f" and {len(self.builders) - _MAX_NAMES} more" if len(self.builders) > _MAX_NAMES else ""
            parts.append(f"the builders {names}{more}, whose models are listed")
        if self.variants:
            parts.append(f"{counted(self.variants, 'variant')} of listed models with other arguments")
        if self.loose:
            parts.append(f"{counted(self.loose, 'group')} of layers outside of any class")
        return f"Left out: {'; '.join(parts)}." if parts else ""


def list_models(models: Sequence[ModelGraph], findings: Sequence[Sequence[Finding]] = ()) -> ModelList:
    """`models` with each model once, and with the findings of all its variants. `findings`: those of each model."""
    by_key: dict[tuple[str, str, str], list[Entry]] = {}
    for number, model in enumerate(models):
        own = tuple(findings[number]) if findings else ()
        by_key.setdefault((model.engine, model.location.span.file, model.name), []).append((model, own))
    merged = [_merged(variants) for variants in by_key.values()]
    classes = {(model.engine, model.root) for model, _ in merged if not _is_builder(model)}
    entries, builders, loose = [], [], 0
    for model, own in merged:
        if own:
            entries.append((model, own))
        elif model.root is None and len(merged) > 1:
            loose += 1
        elif _is_builder(model) and (model.engine, model.root) in classes:
            builders.append(model.name)
        else:
            entries.append((model, own))
    return ModelList(tuple(entries), tuple(dict.fromkeys(builders)), len(models) - len(merged), loose)


def _merged(variants: Sequence[Entry]) -> Entry:
    """The variant with the most findings, then layers, with the findings of all."""
    model, _ = max(variants, key=lambda entry: (len(entry[1]), entry[0].root is not None, len(entry[0].layers)))
    return model, tuple(finding for _, own in variants for finding in own)


def _is_builder(model: ModelGraph) -> bool:
    """Whether a function or a script constructs it, and not its own class."""
    return model.root is not None and model.root.rpartition(".")[2] != model.name.rpartition(".")[2]
