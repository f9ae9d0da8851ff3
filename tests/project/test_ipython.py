from __future__ import annotations

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from initlint.project.ipython import python_of, python_of_source

NOTHING = [
    "%matplotlib inline",
    "!pip install -q torch torchvision",
    "!echo it's 50% \"done",
    "nn.Linear?",
    "net.fc.weight??",
    "?nn.init.xavier_uniform_",
    "%load_ext autoreload",
    "%%bash\nfor i in *.py; do\n  echo $i\ndone",
    "\n%%writefile net.py\nfrom torch import nn\nnn.init.xavier_uniform(w)",
    "%%html\n<b>it's</b>",
    "pip install torch==2.1 --index-url https://download.pytorch.org/whl/cpu",
    "cd ../data",
    "!pip install \\\n    torch \\\n    timm",
    "%timeit -n 10 for x in y: pass",
    "%md\n# It's a title\n- and a list",
    "%sql SELECT 1",
    "%sql\nSELECT a FROM b",
]
"""Cells in which no Python stands that could matter."""

AS_IT_IS = [
    "x = 5\ny = x % 3",
    "text = '''\n%matplotlib inline\n!ls\nwhat?\n'''\n",
    'f("""\n!ls""")\n',
    "total = (10\n         % 3)",
    "total = 10 \\\n    % 3",
    "print('a=%s' % x)",
    "print('loss=!', x)",
    "x['a=%d' % 1] = 2",
    "# what is this?\n# !ls",
    "s = 'what?'",
    "pip = install = 1\npip, cd = 1, 2\nls [0]\ntime = 3",
    "f(a, # isn't it?\n  b)",
    "plt.show();",
    "s = r'\\\\'\nx = [\n  1,\n  2]",
    "await fetch()",
    "",
    "\r\n\n",
]
"""Cells without magics, however much they look as if they had some."""


@pytest.mark.parametrize("cell", NOTHING)
def test_what_is_no_python_has_no_effect(cell: str) -> None:
    code = python_of(cell)
    assert all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in ast.parse(code).body)
    assert code.count("\n") == cell.count("\n")


@pytest.mark.parametrize("cell", AS_IT_IS)
def test_python_stays_as_it_is(cell: str) -> None:
    assert python_of(cell) == cell


@pytest.mark.parametrize("cell", [cell for cell in AS_IT_IS if "pip = " not in cell])
def test_ipython_too_leaves_these_as_they_are(cell: str) -> None:
    assert ast.dump(ast.parse(TransformerManager().transform_cell(cell))) == ast.dump(ast.parse(python_of(cell)))


@pytest.mark.parametrize("cell", NOTHING)
def test_ipython_too_takes_these_for_commands(cell: str) -> None:
    if not cell.startswith(("pip", "cd")):  # IPython looks such words up among its magics when it runs them
        assert "get_ipython()" in TransformerManager().transform_cell(cell.lstrip())


@pytest.mark.parametrize(
    "cell",
    [
        "%time net.apply(init)",
        "%timeit -n 10 -r 3 net.apply(init)",
        "    %time net.apply(init)",
        "%%time\nnet.apply(init)",
        "%%capture out\n\n%%timeit\nnet.apply(init)",
        "!ls\nif x:\n    !ls\n    net.apply(init)",
        "%cd a\\\nb\nnet.apply(init)",
        "%sql SELECT 1\nnet.apply(init)",
    ],
)
def test_timed_code_is_code_and_stays_where_it_is(cell: str) -> None:
    row, line = next((row, line) for row, line in enumerate(cell.split("\n")) if "apply" in line)
    assert python_of(cell).split("\n")[row][line.index("net") :] == "net.apply(init)"
    calls = [node for node in ast.walk(ast.parse(python_of(cell).strip())) if isinstance(node, ast.Call)]
    assert [ast.unparse(call) for call in calls] == ["net.apply(init)"]


@pytest.mark.parametrize("cell", ["files = !ls", "a, b = %sql SELECT 1", "  d['x'] =  !ls -l  # all"])
def test_what_a_command_gives_is_an_unknown_name(cell: str) -> None:
    (statement,) = ast.parse(python_of(cell).strip()).body
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.Name)
    assert set(statement.value.id) == {"_"}


def test_quotes_that_never_close_end_with_their_line() -> None:
    assert python_of("x = 'a\n!ls").endswith("\n0")


def test_timed_code_may_be_of_a_newer_python() -> None:
    assert python_of("%time x = f'{d['#']}'\n") == "if 1: x = f'{d['#']}'\n"


def test_blank_lines_take_no_time() -> None:
    assert python_of_source("\n" * 2_000 + "x = 1") == "\n" * 2_001 + "x = 1\n"
