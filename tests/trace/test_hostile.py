"""Whatever a module does, it costs its own target one line, and no other target anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from initlint.facts.additions import Additions
from initlint.targets import TargetSpec
from initlint.trace import Context, Limits, Traced, WorkerError, trace_models

GOOD = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
    def forward(self, x):
        return self.fc(x).relu()
"""

HOSTILE = {
    "exits.py": ("import sys\nsys.exit(3)", "it called sys.exit(3)"),
    "leaves.py": ("import os\nos._exit(5)", "the process ended with status 5"),
    "crashes.py": ("import ctypes\nctypes.string_at(0)", "was ended by SIGSEGV"),
    "hangs.py": ("while True:\n    pass", "it took longer than 6 seconds"),
    "allocates.py": ("memory = bytearray(100 * 2**30)", "MemoryError"),
    "forks.py": ("import os\nos.fork()", "it tried to start a process"),
    "connects.py": (
        "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)",
        "it tried to use the network",
    ),
    "is_broken.py": ("def", "SyntaxError"),
    "raises.py": ("class Odd(Exception):\n    def __str__(self): return 'a\\nb\\x1b[31m'\nraise Odd", "Odd: a"),
}

HARMLESS = {
    "prints.py": "import os\nos.write(1, b'noise' * 9999)\nos.write(2, b'noise')\nprint('more')\n" + GOOD,
    "deletes.py": "import os\nos.remove(__file__)\n" + GOOD,
    "warns.py": "import warnings\nwarnings.warn('careful')\n" + GOOD,
    "closes.py": "import os\nos.close(1)\nos.close(2)\n" + GOOD,
    "random.py": GOOD,
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Traced]:
    folder = tmp_path_factory.mktemp("hostile")
    files = {name: code for name, (code, _) in HOSTILE.items()} | HARMLESS
    for name, code in files.items():
        (folder / name).write_text(code)
    (folder / "torch.py").write_text("raise RuntimeError('the wrong torch')")
    context = Context(Limits(seconds=6.0), [], Additions(), lambda _: None, lambda file: file)
    traced = trace_models([TargetSpec(str(folder / name), "Net") for name in files], context)
    return {Path(one.spec.where).name: one for one in traced}


@pytest.mark.skipif(os.name != "posix", reason="limits and signals are those of POSIX")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_module_costs_one_line(outcomes: dict[str, Traced], name: str) -> None:
    outcome = outcomes[name]
    assert outcome.graph is None
    assert outcome.problem is not None
    assert HOSTILE[name][1] in outcome.problem
    assert "\n" not in outcome.problem


@pytest.mark.parametrize("name", HARMLESS)
def test_the_others_are_traced(outcomes: dict[str, Traced], name: str) -> None:
    graph = outcomes[name].graph
    assert graph is not None, outcomes[name].problem
    assert [(layer.path, layer.followed_by[0].op) for layer in graph.layers] == [("fc", "relu")]


@pytest.mark.parametrize(("python", "message"), [("/no/such/python", "cannot be started"), ("/bin/false", "status 1")])
def test_an_interpreter_that_cannot_trace_is_an_error(python: str, message: str) -> None:
    context = Context(Limits(python), [], Additions(), lambda _: None, lambda file: file)
    with pytest.raises(WorkerError, match=message):
        trace_models([TargetSpec("net", "Net")], context)


def test_nothing_to_trace_starts_nothing() -> None:
    context = Context(Limits("/no/such/python"), [], Additions(), lambda _: None, lambda file: file)
    assert trace_models([], context) == []
