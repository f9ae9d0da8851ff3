"""Input that no person wrote ends in bounded time and memory, with a clear line."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from initlint.api import check_source
from initlint.rewrite.cst import LARGEST

MEGABYTE = 1024 * 1024
SECONDS = 120
"""Many times what any of this takes."""
HEADER = "from torch import nn\n\n\n"
NET = """\
class Net{number}(nn.Module):
    def __init__(self):
        super().__init__()
{constructor}

    def forward(self, x):
{forward}
"""
LAYERS = ["self.fc = nn.Linear(4, 4)", "self.out = nn.Linear(4, 4)"]
FORWARD = ["return self.out(self.fc(x).relu())"]
XAVIER = "nn.init.xavier_uniform_(self.fc.weight)"
TOO_DEEP = "error[INI000] nested too deeply to be parsed"


def net(constructor: list[str], forward: list[str], number: str = "") -> str:
    indented = ("\n".join(f"        {line}" for line in block) for block in (constructor, forward))
    return NET.format(number=number, constructor=next(indented), forward=next(indented))


def nested(opening: str, closing: str = "") -> str:
    return f"net = {opening * 10_000}nn.Linear(4, 4){closing * 10_000}\n"


LONG = "".join(net([*LAYERS, XAVIER], FORWARD, str(number)) + "# a remark\n" * 990 for number in range(100))
WIDE = net(
    [*(f"self.fc{number} = nn.Linear(4, 4)" for number in range(5_000)), XAVIER.replace("fc", "fc0")],
    ["return self.fc1(self.fc0(x).relu())"],
)
NESTED_LOOPS = net(
    [
        *LAYERS,
        XAVIER,
        "self.rows = nn.ModuleList([nn.ModuleList([nn.Linear(4, 4) for _ in range(1000)]) for _ in range(1000)])",
        "for i in range(1000):",
        "    for j in range(1000):",
        "        self.rows.append(nn.Linear(4, 4))",
    ],
    FORWARD,
)
MUTUAL_RECURSION = f"""\
def init_weight(m):
    nn.init.xavier_uniform_(m.weight)
    init_bias(m)
    init_bias(m)


def init_bias(m):
    nn.init.zeros_(m.bias)
    init_weight(m)
    init_weight(m)


{net([*LAYERS, "self.apply(init_weight)"], FORWARD)}"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (LONG, "Found 100 notes"),
        (nested("(", ")"), TOO_DEEP),
        (nested("nn.Sequential(", ")"), TOO_DEEP),
        # Python 3.10 alone still parses it.
        (nested("1 + "), TOO_DEEP if sys.version_info >= (3, 11) else "All checks passed!"),
        (nested("not "), TOO_DEEP),
        (WIDE, "INI301"),
        (NESTED_LOOPS, "not followed: net.py: Net: too many steps"),
        (MUTUAL_RECURSION, "not followed: net.py: Net: too many steps"),
    ],
    ids=["lines", "brackets", "calls", "sum", "not", "layers", "loops", "recursion"],
)
def test_it_ends_with_a_clear_line(tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "net.py").write_text(HEADER + code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "initlint", "check", "--isolated", "--verbose", "--output-format", "concise", "net.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2_048 * MEGABYTE, 2_048 * MEGABYTE)),
    )
    assert run.returncode in (0, 1)
    assert said in run.stdout + run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(("size", "fixable"), [(LARGEST // 2, True), (LARGEST, False)])
def test_what_would_take_libcst_too_much_memory_is_not_rewritten(size: int, fixable: bool) -> None:
    remark = "# a remark of many words\n"
    [found] = check_source(HEADER + net([*LAYERS, XAVIER], FORWARD) + remark * (size // len(remark))).diagnostics
    assert (found.code, found.fix is not None) == ("INI301", fixable)


@pytest.mark.parametrize("depth", range(100, 440, 20))
def test_a_chain_of_attributes_near_the_limit_of_libcst_is_linted(depth: int) -> None:
    """libcst meets the limit in parsing, or in computing positions: there it raises another error."""
    code = HEADER + net([*LAYERS, "nn.init.xavier_uniform(self.fc.weight)", "self.n = self" + ".c" * depth], FORWARD)
    assert "INI901" in {diagnostic.code for diagnostic in check_source(code).diagnostics}
