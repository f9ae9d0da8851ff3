"""No regular expression takes exponential time: text that repeats what it may skip ends as soon as any other."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

PROGRAM = r"""
import importlib, pathlib, pkgutil, re, signal
import initlint
UNITS = [*" \t\n\r\f#'\"\\.,;:=*-_/%!?()[]{}<>|&@~`$aZ0", "\n ", " \n", "# \n", "a.", "a,", "\\n", "[]", "a ", "\r\n", "-a "]
ENDS = ["", "\0", "x", "\n"]
STARTS = ["", "a", "# noqa: ", "%time", "class A("]
METHODS = "match", "search", "fullmatch", "sub", "split", "findall", "finditer"
seen = set()
for name in sorted(module.name for module in pkgutil.walk_packages(initlint.__path__, "initlint.")):
    if "worker" in name or name.endswith("__main__"):
        continue
    module = importlib.import_module(name)
    source = pathlib.Path(module.__file__).read_text(encoding="utf-8")
    for variable, pattern in vars(module).items():
        if not isinstance(pattern, re.Pattern) or pattern in seen:
            continue
        used = set(re.findall(rf"\b{variable}\.(\w+)\(", source)) & set(METHODS)
        if not used:
            continue
        seen.add(pattern)
        print(f"{name}.{variable}", flush=True)
        signal.setitimer(signal.ITIMER_PROF, 5)  # its signal ends the process, also within a match
        for start in STARTS:
            for unit in UNITS:
                for end in ENDS:
                    text = start + unit * 40 + end
                    text = text if isinstance(pattern.pattern, str) else text.encode()
                    if "fullmatch" in used:
                        pattern.fullmatch(text)
                    if "match" in used:
                        pattern.match(text)
                    if used - {"match", "fullmatch"}:
                        pattern.findall(text)
        signal.setitimer(signal.ITIMER_PROF, 0)
print(len(seen), "patterns")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timer of CPU time")
def test_no_pattern_takes_exponential_time() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    assert run.returncode == 0, f"{lines[-1:]} {run.stderr}"
    assert int(lines[-1].split()[0]) > 50
