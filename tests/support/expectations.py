"""Reads what the comments of a program expect of its models.

    # model: NAME        the expectations from here on are those of the graph NAME
    # build: EXPRESSION  how the cross-check with torch builds it
    # input: EXPRESSION  what it is then called with
    # layer: PATH -> OP via BETWEEN,BETWEEN | PATH -> OP?
                         on the line that constructs the layers: all that follows each; `?` where it is not certain
    # init: PATH.PARAMETER = INITIALIZER (name=value)
                         on the line of the call that counts in the end
    # init: PATH.PARAMETER = default | unsettled
    # absent: PATH       the model has no such layer

A `layer` or an `init` that ends in `@ FILE` stands in another file, whatever the line.
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
class Followed:
    """Everything that is to follow one layer. `row` is None where the layer stands in `file`."""

    path: str
    row: int | None
    file: str
    followings: frozenset[tuple[str, tuple[str, ...], bool]]


@dataclass(frozen=True)
class Initialised:
    """The effective write of one parameter; `initializer` may be `default` or `unsettled`."""

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
    """What a program expects of one model."""

    model: str
    build: str = ""
    input: str = ""
    layers: list[Followed] = field(default_factory=list)
    inits: list[Initialised] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def sections(path: Path) -> list[Section]:
    """The models that the program at `path` speaks of; raises ValueError for a comment that cannot be read."""
    found: list[Section] = []
    for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for kind, text in _COMMENT.findall(line):
            _read(found, kind, text, row, path.name)
    return found


def _read(found: list[Section], kind: str, text: str, row: int, file: str) -> None:
    if kind == "model":
        found.append(Section(text))
    elif kind == "build":
        found[-1].build = text
    elif kind == "input":
        found[-1].input = text
    elif kind == "absent":
        found[-1].absent.append(text)
    elif kind == "layer":
        found[-1].layers.extend(_layers(*_place(text, row, file)))
    else:
        found[-1].inits.append(_init(*_place(text, row, file)))


def _place(text: str, row: int, file: str) -> tuple[str, int | None, str]:
    text, _, elsewhere = text.partition(" @ ")
    return (text, None, elsewhere) if elsewhere else (text, row, file)


def _layers(text: str, row: int | None, file: str) -> Iterator[Followed]:
    followings: dict[str, set[tuple[str, tuple[str, ...], bool]]] = {}
    for entry in text.split(" | "):
        match = _LAYER.match(entry.strip())
        if match is None:
            raise ValueError(f"{file}:{row}: {entry!r} is no layer expectation")
        path, op, doubt, via = match.groups()
        followings.setdefault(path, set()).add((op, tuple(via.split(",")) if via else (), doubt is None))
    for path, ends in followings.items():
        yield Followed(path, row, file, frozenset(ends))


def _init(text: str, row: int | None, file: str) -> Initialised:
    match = _INIT.match(text)
    if match is None:
        raise ValueError(f"{file}:{row}: {text!r} is no init expectation")
    path, parameter, initializer, arguments = match.groups()
    call = ast.parse(f"_({arguments or ''})", mode="eval").body
    assert isinstance(call, ast.Call)
    values = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    return Initialised(path, parameter, row, file, initializer, values)
