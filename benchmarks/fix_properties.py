"""Properties that fixes must have on real packages, checked on copies of them.

    python benchmarks/fix_properties.py [--spoil] FOLDER...

Each folder is copied, and `initlint check --fix --unsafe-fixes` run on the copy. Then: every file compiles that did
before; a second run changes nothing; no rule finds more than before; only lines of init calls and of imports differ;
files without findings are the same to the byte; and `git apply` of the output of `--diff` gives the same bytes.

Well-kept packages have little to fix. `--spoil` first adds defects to the copy: deprecated names, activations that
torch does not know, zeros in place of random numbers, methods without `.data`.

Prints one line for each folder and one for each property that does not hold; exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from initlint.facts.initializer_formulas import DEPRECATED, INITIALIZERS, METHODS

Tree = Mapping[str, bytes]
"""Path below the root to content."""

INIT_NAMES = frozenset(
    {name.rpartition(".")[2] for name in (*DEPRECATED, *DEPRECATED.values(), *INITIALIZERS)}
    | {*METHODS, "calculate_gain"}
)
CURRENT = "|".join(sorted(name.rpartition(".")[2] for name in DEPRECATED.values()))
DEFECTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"init\.kaiming_(normal|uniform)_\(([\w.]+)(, (mode|a)=[^(),]+)*\)"), r"init.xavier_\1_(\2)"),
    (re.compile(r"nonlinearity=(['\"])relu\1"), r"nonlinearity=\1gelu\1"),
    (re.compile(r"\.weight\.data\.normal_\("), ".weight.normal_("),
    (re.compile(r"init\.trunc_normal_\(([\w.]+), std=[\w.]+\)"), r"init.zeros_(\1)"),
    (re.compile(r"init\.normal_\(([\w.]+), (mean=)?0(\.0)?, (std=)?[\w.]+\)"), r"init.constant_(\1, 0.1)"),
)
NAMED = re.compile(rf"(?<=\binit\.)({CURRENT})\b")
PLAIN = re.compile(rf"(?<![.\w])({CURRENT})\b")


@dataclass
class Report:
    """The counts of one package, and the properties that do not hold."""

    name: str
    files: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        findings = ", ".join(f"{code} {count} -> {self.after[code]}" for code, count in sorted(self.before.items()))
        return (
            f"{self.name}: {self.files} files, {self.changed} changed, {sum(self.before.values())} findings"
            f"{f' ({findings})' if findings else ''}, {len(self.problems)} problems, {self.seconds:.0f} s"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--spoil", action="store_true", help="add defects to the copies first")
    options = parser.parse_args()
    failed = False
    for folder in options.folders:
        with tempfile.TemporaryDirectory() as scratch:
            report = check_properties(folder, Path(scratch), options.spoil)
        print(report, *report.problems, sep="\n  ", flush=True)
        failed = failed or bool(report.problems)
    return int(failed)


def check_properties(folder: Path, scratch: Path, spoil: bool) -> Report:
    """Check all properties on copies of `folder` in `scratch`."""
    fixed, patched = scratch / "fixed", scratch / "patched"
    copy(folder, fixed, spoil)
    shutil.copytree(fixed, patched)
    originals = read(fixed)
    report = Report(folder.name, len(originals))
    started = time.monotonic()
    findings_before = lint(fixed, report)
    patch = run(fixed, "--diff", "--unsafe-fixes", report=report)
    findings_after = lint(fixed, report, "--fix", "--unsafe-fixes")
    report.seconds = time.monotonic() - started
    fixed_files = read(fixed)
    report.before, report.after = (
        Counter(d["code"] for d in findings) for findings in (findings_before, findings_after)
    )
    changed = {path for path in originals if fixed_files[path] != originals[path]}
    report.changed = len(changed)
    report.problems += compiling(originals, fixed_files)
    report.problems += (
        f"{code}: {report.before[code]} findings, {count} after fixing"
        for code, count in report.after.items()
        if count > report.before[code]
    )
    suspected = {Path(d["file"]).as_posix() for d in findings_before}
    report.problems += (f"{path}: changed without a finding" for path in sorted(changed - suspected))
    for path in sorted(changed):
        report.problems += foreign_lines(path, originals[path], fixed_files[path])
    if patch:
        apply = ["git", "apply", "--whitespace=nowarn", "-"]
        done = subprocess.run(apply, cwd=patched, input=patch, capture_output=True, check=False)
        if done.returncode:
            report.problems.append(f"git apply: {done.stderr.decode(errors='replace').strip()}")
    report.problems += (
        f"{path}: --diff differs from --fix" for path, data in read(patched).items() if data != fixed_files[path]
    )
    if changed:
        run(fixed, "--fix-only", "--unsafe-fixes", report=report)
        refixed_files = read(fixed)
        report.problems += (
            f"{path}: changed again by a second run"
            for path in refixed_files
            if refixed_files[path] != fixed_files[path]
        )
    return report


def copy(folder: Path, to: Path, spoil: bool) -> None:
    """Copy the Python files of `folder`."""
    for path in sorted(folder.rglob("*.py")):
        target = to / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes()
        target.write_bytes(add_defects(data) if spoil else data)


def add_defects(data: bytes) -> bytes:
    text = data.decode("utf-8", "surrogateescape")
    for pattern, replacement in DEFECTS:
        text = pattern.sub(replacement, text)
    text = NAMED.sub(lambda match: match[0].rstrip("_"), text)
    if "from torch.nn.init import" in text:
        text = PLAIN.sub(lambda match: match[0].rstrip("_"), text)
    return text.encode("utf-8", "surrogateescape")


def read(root: Path) -> Tree:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def lint(root: Path, report: Report, *options: str) -> list[dict[str, Any]]:
    """The diagnostics of a run in `root`."""
    document = json.loads(run(root, "--output-format", "json", *options, report=report))
    return list(document["diagnostics"])


def run(root: Path, *options: str, report: Report) -> bytes:
    """Standard output of the command line. An error is added to the problems of `report`."""
    command = [sys.executable, "-m", "initlint", "check", "--isolated", *options, "."]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        report.problems.append(f"exit {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def compiling(originals: Tree, now: Tree) -> Iterator[str]:
    for path, data in now.items():
        if path not in originals:
            yield f"{path}: an unexpected file"
        elif data != originals[path] and not compiles(data) and compiles(originals[path]):
            yield f"{path}: does not compile any more"


def compiles(data: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, "file", "exec")
        except (SyntaxError, ValueError):
            return False
    return True


def foreign_lines(path: str, old: bytes, new: bytes) -> Iterator[str]:
    """Lines that differ and belong neither to an import nor to an init call."""
    allowed = set(init_rows(old)), set(init_rows(new))
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, new_first, new_last in matcher.get_opcodes():
        if tag != "equal":
            differing = set(range(first + 1, last + 1)), set(range(new_first + 1, new_last + 1))
            yield from (f"{path}:{row}: changed, and no init call" for row in sorted(differing[0] - allowed[0]))
            yield from (f"{path}:{row}: new, and no init call" for row in sorted(differing[1] - allowed[1]))


def init_rows(data: bytes) -> Iterator[int]:
    """The rows of imports, of init calls and names, and of tests for None around them."""
    for node in ast.walk(ast.parse(data)):
        called = node.func if isinstance(node, ast.Call) else node
        if isinstance(node, (ast.Import, ast.ImportFrom)) or is_init(called):
            yield from rows(node)
        elif isinstance(node, ast.If) and "is not None" in ast.unparse(node.test):
            yield from rows(node.test)


def is_init(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
    return name in INIT_NAMES


def rows(node: ast.AST) -> range:
    first: int = getattr(node, "lineno", 1)
    last: int = getattr(node, "end_lineno", first)
    return range(first, last + 1)


if __name__ == "__main__":
    sys.exit(main())
