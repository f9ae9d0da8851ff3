"""Reads the comments in which a test program states what its models must look like.

    # model: NAME        the expectations from here on are those of the graph NAME
    # build: EXPRESSION  how the cross-check with torch builds it
    # input: EXPRESSION  what it is then called with
    # layer: PATH -> OP via BETWEEN,BETWEEN | PATH -> OP?
                         on the line that constructs the layers: all consumers of each; `?` if uncertain
    # init: PATH.PARAMETER = INITIALIZER (name=value)
                         on the line of the call that sets the final values
    # init: PATH.PARAMETER = default | unsettled
    # absent: PATH       the model has no such layer

A `layer` or an `init` that ends in `@ FILE` is located in another file; its line is not compared.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_COMMENT = re.compile(r"#\s*(model|build|input|layer|init|absent):\s*(.*?)\s*(?=#\s*(?:layer|init):|$)")
_LAYER = re.compile(r"(\S+)\s*->\s*(\w+)(\?)?(?:\s+via\s+([\w,]+))?$")
_INIT = re.compile(r"([\w.]+)\.(\w+)\s*=\s*([\w.]+)\s*(?:\((.*)\))?$")


@dataclass(frozen=True)
class ExpectedConsumers:
    """All expected consumers of one layer. `row` is None if the layer is in another file, `file`."""

    path: str
    row: int | None
    file: str
    consumers: frozenset[tuple[str, tuple[str, ...], bool]]


@dataclass(frozen=True)
class ExpectedInit:
    """The expected effective write of one parameter; `initializer` may be `default` or `unsettled`."""

    path: str
    parameter: str
    row: int | None
    file: str
    initializer: str
    arguments: dict[str, object]

    @property
    def name(self) -> str:
        return f"{self.path}.{self.parameter}"

    @property
    def canonical(self) -> str:
        prefix = "torch." if self.initializer.startswith("Tensor.") else "torch.nn.init."
        return prefix + self.initializer


@dataclass
class Section:
    """The expectations about one model."""

    model: str
    build: str = ""
    input: str = ""
    layers: list[ExpectedConsumers] = field(default_factory=list)
    inits: list[ExpectedInit] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def sections(path: Path) -> list[Section]:
    """The expectations in the program at `path`, by model. Raises ValueError for a malformed comment."""
    sections_so_far: list[Section] = []
    for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for kind, text in _COMMENT.findall(line):
            _read(sections_so_far, kind, text, row, path.name)
    return sections_so_far


def _read(sections_so_far: list[Section], kind: str, text: str, row: int, file: str) -> None:
    if kind == "model":
        sections_so_far.append(Section(text))
    elif kind == "build":
        sections_so_far[-1].build = text
    elif kind == "input":
        sections_so_far[-1].input = text
    elif kind == "absent":
        sections_so_far[-1].absent.append(text)
    elif kind == "layer":
        sections_so_far[-1].layers.extend(_layers(*_place(text, row, file)))
    else:
        sections_so_far[-1].inits.append(_init(*_place(text, row, file)))


def _place(text: str, row: int, file: str) -> tuple[str, int | None, str]:
    text, _, elsewhere = text.partition(" @ ")
    return (text, None, elsewhere) if elsewhere else (text, row, file)


def _layers(text: str, row: int | None, file: str) -> Iterator[ExpectedConsumers]:
    consumers: dict[str, set[tuple[str, tuple[str, ...], bool]]] = {}
    for entry in text.split(" | "):
        match = _LAYER.match(entry.strip())
        if match is None:
            raise ValueError(f"{file}:{row}: {entry!r} is no layer expectation")
        path, op, uncertain, via = match.groups()
        consumers.setdefault(path, set()).add((op, tuple(via.split(",")) if via else (), uncertain is None))
    for path, ends in consumers.items():
        yield ExpectedConsumers(path, row, file, frozenset(ends))


def _init(text: str, row: int | None, file: str) -> ExpectedInit:
    match = _INIT.match(text)
    if match is None:
        raise ValueError(f"{file}:{row}: {text!r} is no init expectation")
    path, parameter, initializer, arguments = match.groups()
    call = ast.parse(f"_({arguments or ''})", mode="eval").body
    assert isinstance(call, ast.Call)
    values = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    return ExpectedInit(path, parameter, row, file, initializer, values)
