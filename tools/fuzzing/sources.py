"""The files that inputs are made from, and one input."""

from __future__ import annotations

import ast
import random
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFAULT_PATHS = (ROOT / "fixtures", ROOT / "tests" / "tracers" / "static" / "programs")
LARGEST = 40_000
"""Bytes. Larger files take long and show nothing else."""


@dataclass(frozen=True)
class Input:
    """A project in memory: the bytes of its files by path, and where they come from."""

    files: Mapping[str, bytes]
    origin: str = field(compare=False, default="")

    def with_file(self, path: str, data: bytes) -> Input:
        """The same with other bytes in one file."""
        return Input({**self.files, path: data}, self.origin)

    def without(self, path: str) -> Input:
        """The same without one file."""
        return Input({name: data for name, data in self.files.items() if name != path}, self.origin)


@dataclass(frozen=True)
class Sources:
    """Real files, as text by path."""

    texts: Mapping[str, str]

    @classmethod
    def read(cls, paths: Iterable[Path]) -> Sources:
        """The Python files in `paths` that mention torch. Raises ValueError if there are none."""
        texts = {}
        for file in sorted(file for path in paths for file in python_files(path)):
            data = file.read_bytes()
            if len(data) <= LARGEST and b"torch" in data:
                texts[str(file)] = data.decode(errors="replace")
        if not texts:
            raise ValueError("no Python files that mention torch")
        return cls(texts)

    def choose(self, random: random.Random) -> tuple[str, str]:
        """A path and its text."""
        return random.choice(list(self.texts.items()))


def python_files(path: Path) -> Iterator[Path]:
    """The file itself, or those in the folder."""
    return iter([path]) if path.is_file() else path.rglob("*.py")


def parse(text: str) -> ast.Module | None:
    """The tree; None for what this Python cannot parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
