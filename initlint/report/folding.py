"""Folds the repeated blocks of a model: twelve equal blocks are listed once, as `layers.0-11`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from initlint._records import dataclass

Entry = tuple[str, str]
"""The path of a layer, and the text that describes it, in which other layers are named by their paths."""

_PATH = re.compile(r"[A-Za-z_][\w.]*")


@dataclass(frozen=True, slots=True)
class Folded:
    """`count` layers that differ by the number of their block only, by the entry of the first.

    `label`: the path with the numbers of the first and last block. `indices`: the positions of all entries.
    """

    label: str
    indices: tuple[int, ...]

    @property
    def index(self) -> int:
        """The position of the first entry."""
        return self.indices[0]

    @property
    def count(self) -> int:
        return len(self.indices)


@dataclass(frozen=True, slots=True)
class _Block:
    """The entries of one block: a module of a list, or a single one between lists, each with its positions."""

    name: str
    entries: Sequence[tuple[tuple[int, ...], Entry]]

    def relative(self, prefix: str) -> list[Entry]:
        """The entries with the blocks after `prefix` numbered from this one: the next is +1."""
        number = int(self.name)

        def renumbered(found: re.Match[str]) -> str:
            head, _, tail = found[0].removeprefix(prefix).partition(".")
            inside = found[0].startswith(prefix) and head.isdecimal()
            return f"{prefix}{int(head) - number:+d}.{tail}" if inside else found[0]

        return [tuple(_PATH.sub(renumbered, text) for text in entry) for _, entry in self.entries]  # type: ignore[misc]


def fold(entries: Sequence[Entry]) -> list[Folded]:
    """The entries in their order, each run of equal blocks as its first. Blocks are equal if their texts are, but for
    the numbers of the blocks in them.
    """
    return list(_fold([((index,), entry) for index, entry in enumerate(entries)], "", ""))


def _fold(entries: Sequence[tuple[tuple[int, ...], Entry]], prefix: str, label: str) -> Iterator[Folded]:
    """`prefix`: the path that all `entries` share, with its dot; `label`: how it is shown."""
    blocks = [_Block(name, list(group)) for name, group in groupby(entries, lambda item: _name(item[1][0], prefix))]
    while blocks:
        run = _run(blocks, prefix)
        equal, first, last = blocks[:run], blocks[0], blocks[run - 1]
        blocks = blocks[run:]
        shown = f"{label}{first.name}" if run == 1 else f"{label}{first.name}-{last.name}"
        merged = [
            (tuple(sorted(index for indices, _ in same for index in indices)), same[0][1])
            for same in zip(*(block.entries for block in equal), strict=True)
        ]
        below = [item for item in merged if item[1][0] != f"{prefix}{first.name}"]
        for indices, (path, _) in merged:
            if path == f"{prefix}{first.name}":
                yield Folded(shown, indices)
        if below:
            yield from _fold(below, f"{prefix}{first.name}.", f"{shown}.")


def _name(path: str, prefix: str) -> str:
    return path.removeprefix(prefix).partition(".")[0]


def _run(blocks: Sequence[_Block], prefix: str) -> int:
    """How many of the first `blocks` are equal and numbered evenly."""
    if len(blocks) < 2 or not (blocks[0].name.isdecimal() and blocks[1].name.isdecimal()):
        return 1
    first, step = int(blocks[0].name), int(blocks[1].name) - int(blocks[0].name)
    pattern = blocks[0].relative(prefix)
    run = 1
    while run < len(blocks) and blocks[run].name == str(first + run * step) and blocks[run].relative(prefix) == pattern:
        run += 1
    return run
