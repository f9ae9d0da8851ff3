"""Shortens the data flow of a deep model for its drawing: equal blocks are drawn once, tangled modules as one box.

Blocks are numbered modules (`layers.0`, `layers.1`). Two are equal if their operations are, one by one, with the same
texts, and take their inputs from the same operations of the block and of the one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from initlint._records import dataclass
from initlint.graph.model import Operation

_NUMBER = re.compile(r"\d+")
_NUMBERED = re.compile(r"(\D*)(\d+)")
_MIN_LAYERS = 2
"""The smallest number of layers that folding must leave out: `fc1` and `fc2` are drawn both."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Equal blocks, of which the first is drawn. `operations`: its indices. `label`: `layers.0-11`."""

    label: str
    count: int
    operations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Folding:
    """What is left of a data flow.

    `shown`: the indices of the operations that are drawn, in order. `representative`: the drawn operation for each one.
    `last`: for each operation of a block, the same one of the last block. `repeats`: the outer ones first.
    """

    shown: tuple[int, ...]
    representative: Mapping[int, int]
    last: Mapping[int, int]
    repeats: tuple[Repeat, ...]


def fold_blocks(operations: Sequence[Operation], texts: Sequence[str]) -> Folding:
    """Each run of equal blocks as its first. `texts`: what the drawing shows of each operation, without its path."""
    flow = _FoldedFlow(operations, texts)
    repeats: list[Repeat] = []
    last: dict[int, int] = {}
    while (run := flow.next_run()) is not None:
        repeats.append(Repeat(run.label, run.count, flow.shown[run.start : run.start + run.length]))
        for position in range(run.start, run.start + run.length):
            at_end = flow.shown[position + (run.count - 1) * run.length]
            last.setdefault(flow.shown[position], at_end)
        flow.remove(run)
    kept = set(flow.shown)
    drawn = (
        Repeat(repeat.label, repeat.count, tuple(index for index in repeat.operations if index in kept))
        for repeat in repeats
    )
    return Folding(flow.shown, flow.representative, last, tuple(drawn))


@dataclass(frozen=True, slots=True)
class _EqualBlocks:
    """`count` equal blocks of `length` operations each, from the position `start` on."""

    label: str
    count: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class _Description:
    """What must be equal of two blocks: their operations, and what these take from before the block."""

    inside: list[object]
    entering: list[object]


def _relative(path: str | None, block: str) -> str:
    """`path` as seen from `block`; in a module beside it, as in `norms.3` beside `layers.3`, without their number."""
    path = path or ""
    if path == block or path.startswith(f"{block}."):
        return path.removeprefix(block)
    number = block[len(block.rstrip("0123456789")) :]
    return ".".join("#" if part == number else part for part in path.split("."))


class _FoldedFlow:
    """The operations that are left, as positions in `shown`."""

    def __init__(self, operations: Sequence[Operation], texts: Sequence[str]) -> None:
        self._operations = operations
        self._texts = list(texts)
        self.shown = tuple(range(len(operations)))
        self.representative = {index: index for index in self.shown}
        self._update()

    def _update(self) -> None:
        at = {index: position for position, index in enumerate(self.shown)}
        self._inputs = [
            tuple(dict.fromkeys(at[self.representative[source]] for source in self._operations[index].inputs))
            for index in self.shown
        ]
        self._readers: list[list[int]] = [[] for _ in self.shown]
        for position, inputs in enumerate(self._inputs):
            for source in inputs:
                self._readers[source].append(position)

    def remove(self, run: _EqualBlocks) -> None:
        """Remove all blocks of `run` but the first. What reads the last one reads the first from then on."""
        first, end = run.start + run.length, run.start + run.count * run.length
        moved = {
            self.shown[position]: self.shown[run.start + (position - run.start) % run.length]
            for position in range(first, end)
        }
        self.representative = {index: moved.get(target, target) for index, target in self.representative.items()}
        for index in self.shown[run.start : first]:
            self._texts[index] += f" × {run.count}"
        self.shown = (*self.shown[:first], *self.shown[end:])
        self._update()

    def next_run(self) -> _EqualBlocks | None:
        """The next equal blocks: those of the outermost modules first, and in the order of their calls."""
        for _, prefix in sorted({(prefix.count("."), prefix) for prefix, *_ in self._numbered()}):
            for starts in self._evenly_spaced(prefix):
                run = self._run(prefix, starts)
                if run is not None:
                    return run
        return None

    def _numbered(self) -> Iterator[tuple[str, int, int]]:
        """The numbered modules around each operation, as `layers.3` and `encoder_layer_3`.

        For each, the path up to the number, the number, and the position.
        """
        for position, index in enumerate(self.shown):
            parts = (self._operations[index].layer or "").split(".")
            for depth, part in enumerate(parts):
                if numbered := _NUMBERED.fullmatch(part):
                    yield ".".join((*parts[:depth], numbered[1])), int(numbered[2]), position

    def _evenly_spaced(self, prefix: str) -> Iterator[list[tuple[int, int]]]:
        """Runs of blocks below `prefix` with equal numbers of operations: the number and the first position of each."""
        first: dict[int, int] = {}
        for own_prefix, number, position in self._numbered():
            if own_prefix == prefix:
                first.setdefault(number, position)
        blocks = sorted(first.items(), key=lambda block: block[1])
        while len(blocks) > 1:
            (number, start), (next_number, next_start) = blocks[:2]
            step, length = next_number - number, next_start - start
            end = 1
            while end < len(blocks) and blocks[end] == (number + end * step, start + end * length):
                end += 1
            yield blocks[:end]
            blocks = blocks[end - 1 :] if end > 1 else blocks[1:]

    def _run(self, prefix: str, starts: list[tuple[int, int]]) -> _EqualBlocks | None:
        """The longest run of equal blocks. A block may begin with operations that no module calls."""
        while len(starts) > 1:
            length = starts[1][1] - starts[0][1]
            shifts = range(min(self._unnamed_before(starts[0][1]), length - 1) + 1)
            count, shift = max((self._equal_blocks(prefix, starts, length, shift), -shift) for shift in shifts)
            if count > 1:
                return _EqualBlocks(
                    f"{prefix}{starts[0][0]}-{starts[count - 1][0]}", count, starts[0][1] + shift, length
                )
            starts = starts[1:]
        return None

    def _unnamed_before(self, position: int) -> int:
        number = 0
        while number < position and self._operations[self.shown[position - number - 1]].layer is None:
            number += 1
        return number

    def _equal_blocks(self, prefix: str, starts: list[tuple[int, int]], length: int, shift: int) -> int:
        """How many blocks are equal, from the first on, if each begins `shift` operations before its first module."""
        begin = starts[0][1] - shift
        if begin < 0:
            return 0
        described = [
            self._described(f"{prefix}{number}", begin + count * length, length)
            for count, (number, _) in enumerate(starts)
            if begin + (count + 1) * length <= len(self.shown)
        ]
        count = 1 if described else 0
        while count < len(described):
            # What the first block takes from before the run, the others take from the block before them.
            equal = described[count].inside == described[0].inside
            if not equal or (count > 1 and described[count].entering != described[1].entering):
                break
            count += 1
        while count > 1 and self._is_read_in_the_middle(begin, length, count):
            count -= 1
        layers = sum(self._operations[index].kind == "layer" for index in self.shown[begin : begin + length])
        return count if layers * (count - 1) >= _MIN_LAYERS else 1

    def _described(self, block: str, start: int, length: int) -> _Description:
        inside: list[object] = []
        entering: list[object] = []
        for position in range(start, start + length):
            operation = self._operations[self.shown[position]]
            text = self._texts[self.shown[position]]
            inputs = self._inputs[position]
            own = tuple(source - start if source >= start else None for source in inputs)
            inside.append(
                (operation.kind, operation.op, operation.certain, _relative(operation.layer, block), text, own)
            )
            entering.append(
                [source if source < start - length else source - start for source in inputs if source < start]
            )
        return _Description(inside, entering)

    def _is_read_in_the_middle(self, begin: int, length: int, count: int) -> bool:
        """Whether an operation after the run reads a block of it other than the last."""
        last, end = begin + (count - 1) * length, begin + count * length
        return any(reader >= end for position in range(begin, last) for reader in self._readers[position])


def modules_of(operations: Sequence[Operation], shown: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The modules around each shown operation, by the parts of their path.

    One that no module calls by itself is in the module that those before and after it are in.
    """
    paths: dict[int, tuple[str, ...]] = {}
    called = [(operations[index].layer or "").split(".") for index in shown]
    before: list[str] = []
    previous: list[list[str]] = []
    for parts in called:
        before = parts if parts != [""] else before
        previous.append(before)
    after: list[str] = []
    for position in range(len(shown) - 1, -1, -1):
        after = called[position] if called[position] != [""] else after
        around = called[position][:-1] if called[position] != [""] else _common(previous[position][:-1], after[:-1])
        paths[shown[position]] = tuple(around)
    return paths


def _common(first: Sequence[str], second: Sequence[str]) -> list[str]:
    common: list[str] = []
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        common.append(one)
    return common


def families(modules: Mapping[int, tuple[str, ...]]) -> list[str]:
    """The paths of the modules, with `#` for the numbers in them: `features.denseblock#`."""
    paths = {path[:depth] for path in modules.values() for depth in range(1, len(path) + 1)}
    return sorted({family_of(path) for path in paths})


def family_of(path: Sequence[str]) -> str:
    return _NUMBER.sub("#", ".".join(path))


def boxed(modules: Mapping[int, tuple[str, ...]], shown: Sequence[int], family: str) -> list[tuple[str, list[int]]]:
    """The runs of operations in one module of `family`, each with the path of the module."""
    runs: list[tuple[str, list[int]]] = []
    open_path: tuple[str, ...] | None = None
    depth = family.count(".") + 1
    for index in shown:
        path = modules[index][:depth]
        inside = len(path) == depth and family_of(path) == family
        if inside and path == open_path:
            runs[-1][1].append(index)
        elif inside:
            runs.append((".".join(path), [index]))
        open_path = path if inside else None
    return [run for run in runs if len(run[1]) > 1]
