"""Check after random edits that a run with a warm cache says of each file what a cold run says.

    python benchmarks/random_edits.py PACKAGE... [--edits N] [--seed N] [--jobs N]

Copies each folder, fills a cache, and then makes N edits (40 by default), each of the unedited copy: those of
`edits.py`, and files that are added, removed, renamed or mentioned in a document. After each, all findings of a warm
run are compared with those of a cold run.

It also measures whether the check is able to fail: for each kind of dependency up to three edits after which a warm run
that ignores this kind says something else than the cold run. Those of `planted_edits.py` are made as well, for some
kinds are about changes that are rare. Exits with 1 if a warm run differs, or if no edit needs a kind.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from edits import Edit, random_edit
from planted_edits import PLANTED
from subsets import Key, key

from initlint import Settings
from initlint.linter import pipeline
from initlint.linter.cache import cache_file
from initlint.linter.pipeline import RunOptions
from initlint.project import dependencies
from initlint.project.filesystem import DirectoryListings
from initlint.project.queries import FileSystemQueries
from initlint.tracers.references import parsed_dependencies

SETTINGS = Settings(select=("ALL",), ignore=("INI001",))
KINDS = {**dependencies.KINDS, **parsed_dependencies.KINDS}
_TEXT_EDITS = 0.85
"""The share of edits that change the text of one file."""
_ENOUGH = 3
"""Edits that show that a kind of dependency is needed, after which it is not tried without."""
_LAYERS = ("nn.Linear", "nn.Conv", "init.", "nn.Module")


@dataclass(frozen=True)
class Change:
    """What an edit changes: the new bytes of files, None for one that is removed."""

    kind: str
    files: Mapping[Path, bytes | None]

    @contextmanager
    def applied(self) -> Iterator[None]:
        before = {path: path.read_bytes() if path.exists() else None for path in self.files}
        try:
            _write(self.files)
            yield
        finally:
            _write(before)


def _write(files: Mapping[Path, bytes | None]) -> None:
    for path, data in files.items():
        if data is None:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


@dataclass
class Outcome:
    """Of all edits: their kinds, those that changed a finding, and after which each kind of dependency was needed."""

    edits: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    different: list[str] = field(default_factory=list)
    needed: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})


@dataclass
class Package:
    """A copy of a package in `root`, and the cache of a run over it."""

    root: Path
    cache: Path
    chosen: random.Random
    jobs: int

    @property
    def files(self) -> Sequence[Path]:
        return sorted(self.root.rglob("*.py"))

    def said(self, cache: Path | None = None) -> list[Key]:
        """The findings of a run; cold without a cache."""
        jobs = self.jobs if cache is None else 1
        return [key(d) for d in pipeline.check([self.root], SETTINGS, options=RunOptions(jobs, cache)).diagnostics]

    def said_warm(self) -> list[Key]:
        """With a copy of the cache, which stays that of the unedited package."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copytree(self.cache, Path(folder) / "cache"))
            return self.said(copy)

    def edit_of_text(self, kinds: Sequence[str] = ()) -> tuple[Path, Edit]:
        """A file, usually one with layers, and its edit."""
        files = {path: path.read_text(encoding="utf-8", errors="replace") for path in self.files}
        with_layers = [path for path, text in files.items() if any(word in text for word in _LAYERS)]
        while True:
            pool = with_layers if with_layers and self.chosen.random() < 0.9 else [*files]
            path = self.chosen.choice(pool)
            edit = random_edit(files[path], self.chosen, kinds)
            if edit is not None:
                return path, edit

    def change(self) -> Change:
        if self.chosen.random() < _TEXT_EDITS:
            path, edit = self.edit_of_text()
            return Change(edit.kind, {path: edit.text.encode()})
        return self.chosen.choice(
            (self._removed, self._renamed, self._package, self._shadowed, self._caller, self._text)
        )()

    def _removed(self) -> Change:
        return Change("removed file", {self.chosen.choice(self.files): None})

    def _renamed(self) -> Change:
        path = self.chosen.choice(self.files)
        return Change("renamed file", {path: None, path.with_name(f"other_{path.name}"): path.read_bytes()})

    def _package(self) -> Change:
        """A folder stops being a package."""
        return Change("removed __init__.py", {self.chosen.choice(sorted(self.root.rglob("__init__.py"))): None})

    def _shadowed(self) -> Change:
        """A new module has the name of a package that files import, or a marker of a project appears."""
        folder = self.chosen.choice(sorted({path.parent for path in self.files}))
        name = self.chosen.choice(("pyproject.toml", "setup.py", "einops.py", "helpers.py"))
        return Change("added file", {folder / name: b""})

    def _caller(self) -> Change:
        """A new file calls a function that others define, or uses an attribute."""
        path = self.chosen.choice(self.files)
        names = [word for word in path.read_text(encoding="utf-8", errors="replace").split() if "(" in word]
        called = [word.partition("(")[0].rpartition(".")[2] for word in names] or ["reset_parameters"]
        name = self.chosen.choice([*called, "init_weights", "_init_weights", "reset_parameters"])
        text = f"def use(model):\n    model.{name}()\n    model.apply(model.{name})\n" if name.isidentifier() else ""
        return Change("added caller", {self.root / "caller.py": text.encode()})

    def _text(self) -> Change:
        """A document mentions names of the package."""
        words = " ".join(path.read_text(encoding="utf-8", errors="replace") for path in self.files[:200])
        return Change("added document", {self.root / "README.md": words.encode()[:200_000]})


@contextmanager
def ignoring(kind: str) -> Iterator[None]:
    """The dependencies of this kind count as current, whatever has changed."""
    with mock.patch.object(KINDS[kind], "is_current", return_value=True):
        yield


def suspects(package: Package) -> set[str]:
    """The kinds of which a dependency of any cached result is not current."""
    found: set[str] = set()
    listings = DirectoryListings()
    for path in package.cache.glob("*.cache"):
        contents = cache_file.load(path)
        queries = FileSystemQueries({}, [], contents.digests, listings)
        for segment in contents.segments:
            for subject in segment.subjects:
                if not queries.is_unchanged(subject):
                    groups = segment.dependencies(subject)
                    found.update(d.kind for group in groups for d in group if not d.is_current(queries))
    return found


def try_edits(package: Package, edits: int, outcome: Outcome) -> None:
    package.said(package.cache)
    before = package.said()
    for number in range(edits):
        change = package.change()
        name = f"{package.root.name} {number}: {change.kind} in {', '.join(path.name for path in change.files)}"
        _try(package, change, name, before, outcome)


def _try(package: Package, change: Change, name: str, before: Sequence[Key], outcome: Outcome) -> None:
    with change.applied():
        cold, warm = package.said(), package.said_warm()
        outcome.edits[change.kind] += 1
        _compare(outcome, name, warm, cold)
        is_changed = {*cold} != {*before}
        outcome.changed[change.kind] += is_changed
        kinds = {kind for kind, names in outcome.needed.items() if len(names) < _ENOUGH}
        for kind in suspects(package) & kinds if is_changed and kinds else ():
            with ignoring(kind):
                if {*package.said_warm()} != {*cold}:
                    outcome.needed[kind].append(name)
    print(name, "changes findings" if is_changed else "", file=sys.stderr, flush=True)


def _compare(outcome: Outcome, name: str, warm: Sequence[Key], cold: Sequence[Key]) -> None:
    missing, new = {*cold} - {*warm}, {*warm} - {*cold}
    if missing or new:
        outcome.different.append(f"{name}: missing {sorted(map(str, missing))[:2]}, new {sorted(map(str, new))[:2]}")


def try_planted(folder: Path, outcome: Outcome) -> None:
    for kind, planted in PLANTED.items():
        root = folder / kind / "project"
        _write({root / name: text.encode() for name, text in {"pyproject.toml": "", **planted.files}.items()})
        package = Package(root, folder / kind / "cache", random.Random(0), 1)
        package.said(package.cache)
        before = package.said()
        name = f"planted: {kind}"
        edit = {root / path: None if text is None else text.encode() for path, text in planted.edit.items()}
        change = Change("planted", edit)
        _try(package, change, name, before, outcome)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", type=Path)
    parser.add_argument("--edits", type=int, default=40, help="for each package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as planted:
        try_planted(Path(planted).resolve(), outcome)
    for folder in options.packages:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as copy:
            root = Path(copy).resolve() / "project" / folder.name
            shutil.copytree(folder, root)
            package = Package(root, Path(copy) / "cache", random.Random(f"{options.seed} {folder.name}"), options.jobs)
            try_edits(package, options.edits, outcome)
        print(f"{folder.name}: {time.monotonic() - started:.0f} s", flush=True)
    for kind, number in outcome.edits.items():
        print(f"{kind}: {number} edits, {outcome.changed[kind]} changed a finding")
    total, changed = outcome.edits.total(), outcome.changed.total()
    print(f"{total} edits, {changed} changed a finding; a warm run differed after {len(outcome.different)}")
    for line in outcome.different:
        print(f"  {line}")
    for kind, names in outcome.needed.items():
        print(f"without `{kind}`: the warm run differs after {'; '.join(names) or 'no edit'}")
    sys.exit(int(bool(outcome.different) or not all(outcome.needed.values())))


if __name__ == "__main__":
    main()
