"""`initlint report`: what the page holds, and what happens where it cannot be made."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from initlint.cli.commands import cli
from tests.support.paths import FIXTURES
from tests.support.report_page import Page, make_page, run_report


@pytest.fixture(scope="module")
def mlp(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return make_page(tmp_path_factory.mktemp("page"), str(FIXTURES / "mlp" / "bad.py"))


def test_findings_with_their_code(mlp: Page) -> None:
    assert "0.0013 of it is left after the last" in mlp.text
    assert "nn.init.xavier_uniform_(m.bias)" in mlp.text
    assert "Use kaiming_uniform_(..., nonlinearity='relu') with initlint check --fix" in mlp.text
    assert any(link.endswith("/rules/xavier-before-relu/") for link in mlp.links)


def test_the_model_with_inits_activations_and_marks(mlp: Page) -> None:
    for expected in ("net.24", "Linear 512→512", "xavier_uniform_", "ReLU", "after --fix", "mean square of its output"):
        assert expected in mlp.text
    finding = next(at for at in ("f1", "f2") if f"{at}-title" in mlp.ids)
    assert mlp.links.count(f"#{finding}") > 8


def test_links_lead_somewhere_and_ids_are_unique(mlp: Page) -> None:
    assert {link[1:] for link in mlp.links if link.startswith("#")} <= set(mlp.ids)
    assert len(mlp.ids) == len(set(mlp.ids))


def test_nothing_is_loaded(mlp: Page) -> None:
    assert mlp.loaded == []
    assert all(link.startswith(("#", "https://initlint.readthedocs.io/")) for link in mlp.links)


def test_blocks_with_different_factors_are_separate_rows(tmp_path: Path) -> None:
    source = """
import torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(64), nn.Linear(64, 64), nn.LeakyReLU(slope)) for slope in (0.2, 0.2, 0.8)
        )
        for block in self.blocks:
            nn.init.xavier_normal_(block[1].weight)
            nn.init.zeros_(block[1].bias)
    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
"""
    page = make_page(tmp_path, "-", source=source)
    words = page.text.split()
    assert "blocks.0-1.1" in words
    assert "blocks.2.1" in words
    assert {"0.52", "0.82"} <= set(words)


HOSTILE = """
import torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict({"</script><img src=x onerror=alert(1)>": nn.Linear(4, 4)})
        nn.init.xavier_uniform_(self.layers["</script><img src=x onerror=alert(1)>"].bias)  # <b>\x1b[31m {{ 7 * 7 }}
        self.more = nn.ModuleDict({'"><script>alert(1)</script><a href="javascript:alert(1)': nn.Linear(4, 4)})
        nn.init.xavier_uniform_(self.more['"><script>alert(1)</script><a href="javascript:alert(1)'].weight)
        self.last = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))  # <!-- --><script>alert(1)</script>
        nn.init.constant_(self.last[0].weight, 0.0); "]]><svg onload=alert(1)>", '<style>*{display:none}</style>'
    def forward(self, x):
        x = self.layers["</script><img src=x onerror=alert(1)>"](x)
        x = self.more['"><script>alert(1)</script><a href="javascript:alert(1)'](x).relu()
        return self.last(x)
"""


def test_what_comes_from_source_is_data(tmp_path: Path) -> None:
    page = make_page(tmp_path, "-", source=HOSTILE)
    assert page.loaded == []
    assert "<img src=x onerror=alert(1)>" in page.text
    assert r"<b>\x1b[31m {{ 7 * 7 }}" in page.text
    assert '"><script>alert(1)</script><a href="javascript:alert(1)' in page.text
    assert "]]><svg onload=alert(1)>" in page.text
    assert_runs_only_its_own_script(page)


def assert_runs_only_its_own_script(page: Page) -> None:
    (script,) = page.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'sha256-{digest}'"
    assert page.handlers == []
    assert all(link.startswith(("#", "https://initlint.readthedocs.io/")) for link in page.links)


NAME = "<img src=x onerror=alert(1)>&\"'"


def test_names_of_files_and_models_and_cells_are_data(in_directory: Path) -> None:
    source = HOSTILE.replace("class Net", "class Ünet_ﬁ")
    Path(f"{NAME}.py").write_text(source, encoding="utf-8")
    cells = [new_code_cell(source), new_markdown_cell("<script>alert(1)</script>")]
    nbformat.write(new_notebook(cells=cells), f"{NAME}.ipynb")
    page = make_page(in_directory, f"{NAME}.py", f"{NAME}.ipynb")
    assert page.loaded == []
    assert f"{NAME}.py" in page.text
    assert f"{NAME}.ipynb" in page.text
    assert_runs_only_its_own_script(page)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\n", "No model was found"),
        ("def f(:\n", "not valid Python"),
        (
            "import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.fc = nn.Linear(4, 4)\n        nn.init.zeros_(self.fc.bias)\n",
            "Its data flow is unknown",
        ),
    ],
)
def test_where_there_is_little_to_show(tmp_path: Path, source: str, expected: str) -> None:
    assert expected in make_page(tmp_path, "-", source=source).text


def dense(count: int, names: str) -> str:
    return f"""
import torch, torch.nn as nn
class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.Module()
        for i in range({count}):
            conv = nn.Conv2d(8 * (i + 1), 8, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight)
            {names}.add_module(f"conv{{i}}", conv)
    def forward(self, x):
        found = [x]
        for conv in {names}.children():
            found.append(conv(torch.cat(found, 1)))
        return torch.cat(found, 1)
"""


@pytest.mark.parametrize(
    ("count", "names", "drawn"), [(8, "self", True), (24, "self", False), (24, "self.convs", True)]
)
def test_a_tangle_is_drawn_only_if_a_module_can_hold_it(tmp_path: Path, count: int, names: str, drawn: bool) -> None:
    page = make_page(tmp_path, "-", source=dense(count, names))
    assert ("arrows would cross" not in page.text) is drawn
    assert ("24 layers: Conv2d" in page.text) is (names == "self.convs")
    assert "conv7" in page.text
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_more_models_than_a_page_holds(tmp_path: Path) -> None:
    model = (
        "class Net{0}(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(4, 4)\n        nn.init.normal_(self.fc.weight)\n"
        "    def forward(self, x):\n        return self.fc(x)\n"
    )
    source = "import torch.nn as nn\n" + "".join(model.format(at) for at in range(42))
    page = make_page(tmp_path, "-", "--select", "INI9", source=source)
    assert page.text.count("Not drawn, because the page has many models") == 2
    assert all(f"m{number}" in page.ids for number in range(1, 43))


@pytest.mark.parametrize(
    ("std", "said"), [("1", "largest is 4096 after layer 2"), ("0.01", "smallest is 1.7e-05 after layer 4")]
)
def test_the_signal_that_is_farthest_from_one_is_named(tmp_path: Path, std: str, said: str) -> None:
    source = (
        "import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.net = nn.Sequential(*(nn.Linear(64, 64, bias=False) for _ in range(4)))\n"
        f"        nn.init.normal_(self.net[0].weight, std={std})\n        nn.init.normal_(self.net[1].weight, std={std})\n"
        "        nn.init.normal_(self.net[2].weight, std=0.1)\n        nn.init.normal_(self.net[3].weight, std=0.1)\n"
        "    def forward(self, x):\n        return self.net(x)\n"
    )
    page = make_page(tmp_path, "-", source=source)
    assert said in " ".join(page.text.split())


NEVER_APPLIED = """
import torch
from torch import nn

class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.empty(8, 8))

    def forward(self, x):
        return x @ self.table

class Net(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.gate = Gate()
        self.layers = nn.Sequential(*(nn.Linear(8, 8, bias=False) for _ in range(depth)))

    def forward(self, x):
        return self.layers(self.gate(x))


net = Net(12)
"""


def test_a_finding_links_to_its_model_and_is_marked_on_its_layer(tmp_path: Path) -> None:
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "net.py").write_text(NEVER_APPLIED, encoding="utf-8")
    page = make_page(tmp_path, str(tmp_path / "zoo"))
    assert "initlint: zoo" in page.text
    assert "net.py:13 " in page.text
    assert str(tmp_path) not in page.text
    assert "nothing in the project initializes the parameter" in page.text
    assert "#m1" in page.links
    assert page.links.count("#f1") >= 2  # in the drawing and in the table
    assert "gate.table Parameter (8, 8) uninitialized line" in " ".join(page.text.split())
    assert "layers.0-10 × 11" in " ".join(page.text.split())


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        ("", "the model has no `forward` that could be followed"),
        ("    def forward(self, x):\n        return self.fc(x)\n", "`forward` calls one layer only"),
    ],
)
def test_a_plot_that_cannot_be_drawn_says_why(tmp_path: Path, forward: str, reason: str) -> None:
    head = "import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    page = make_page(tmp_path, "-", source=f"{head}        self.fc = nn.Linear(4, 4)\n{forward}")
    assert f"No plot of the signal: {reason}." in page.text


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("missing/out.html", "there is no directory missing"),
        ("net.py", "it is a source file"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(in_directory: Path, out: str, reason: str) -> None:
    Path("net.py").write_text("import torch\n", encoding="utf-8")
    result = run_report("net.py", "--html", out)
    assert result.exit_code == 2
    assert result.output.splitlines()[-1] == f"Error: {out} cannot be written: {reason}"
    assert Path("net.py").read_text(encoding="utf-8") == "import torch\n"


def test_a_missing_library_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.startswith("initlint.report.html")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "grandalf", None)
    monkeypatch.setitem(sys.modules, "grandalf.graphs", None)
    result = run_report(".", "--html", str(tmp_path / "out.html"))
    assert result.exit_code == 2
    assert result.output == "Error: the page needs grandalf: pip install 'initlint[report]'\n"
    assert not list(tmp_path.iterdir())


def test_a_check_imports_nothing_of_it() -> None:
    code = (
        "import sys; from initlint.cli.commands import cli; cli(['check', sys.argv[1]], standalone_mode=False);"
        "print({'jinja2', 'grandalf', 'matplotlib', 'initlint.report.html'} & set(sys.modules))"
    )
    path = FIXTURES / "mlp" / "good.py"
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.endswith("set()\n")


def trace_report(signal: object) -> str:
    layers = [{"path": f"net.{at}", "measured": {"signal": signal, "gradient": None}} for at in range(0, 27, 3)]
    return json.dumps({"version": 1, "models": [{"name": "DeepMLP", "layers": layers}]})


@pytest.mark.parametrize(("signal", "drawn"), [(0.25, True), (None, False), ("nan", False), ("inf", False)])
def test_what_a_trace_measured_is_drawn_beside_the_prediction(tmp_path: Path, signal: object, drawn: bool) -> None:
    file = tmp_path / "trace.json"
    file.write_text(trace_report(signal), encoding="utf-8")
    page = make_page(tmp_path, str(FIXTURES / "mlp" / "bad.py"), "--measured", str(file))
    assert ("measured" in page.text) is drawn


@pytest.mark.parametrize(
    "text", ["no JSON", "[]", '{"models": [{"name": "Net", "layers": [{"path": "fc"}]}]}', "[" * 100_000]
)
def test_what_was_not_measured_is_one_line(tmp_path: Path, text: str) -> None:
    file, out = tmp_path / "trace.json", tmp_path / "out.html"
    file.write_text(text, encoding="utf-8")
    result = run_report(str(FIXTURES / "mlp"), "--measured", str(file), "--html", str(out))
    expected = f"Error: {file} is not a report of `initlint trace --measure --output-format json`\n"
    assert (result.exit_code, result.output, out.exists()) == (2, expected, False)


def test_places_in_a_notebook_are_those_of_its_cells(tmp_path: Path) -> None:
    source = (FIXTURES / "mlp" / "bad.py").read_text(encoding="utf-8")
    imports, _, rest = source.partition("class ")
    notebook = new_notebook(cells=[new_markdown_cell("A net."), new_code_cell(imports), new_code_cell(f"class {rest}")])
    path = tmp_path / "net.ipynb"
    nbformat.write(notebook, path)
    text = make_page(tmp_path, str(path)).text
    row = next(at for at, line in enumerate(f"class {rest}".split("\n"), 1) if "xavier_uniform_(m.bias)" in line)
    assert f"cell 3:{row}:17" in text
    assert "net.ipynb:cell 3:1" in text


def test_what_the_baseline_knows_is_not_reported(tmp_path: Path) -> None:
    model = tmp_path / "net.py"
    model.write_text((FIXTURES / "mlp" / "bad.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "initlint.toml").write_text('baseline = "known.json"\n', encoding="utf-8")
    assert (
        CliRunner().invoke(cli, ["check", "--write-baseline", str(tmp_path / "known.json"), str(model)]).exit_code == 0
    )
    assert "Nothing to report" in make_page(tmp_path, str(model)).text


RESIDUAL = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        nn.init.kaiming_normal_(self.up.weight)
        nn.init.kaiming_normal_(self.down.weight)

    def forward(self, x):
        return {sum}self.down(torch.relu(self.up(x)))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(32) for _ in range(4)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
"""


def test_the_page_says_what_the_curve_and_the_dotted_line_are(tmp_path: Path) -> None:
    text = make_page(tmp_path, "-", source=RESIDUAL.replace("{sum}", "")).text
    assert text.count("output before its activation") == 1
    assert text.count("input: 1") == 2  # the wide and the narrow plot


def test_the_residual_stream_is_a_curve_of_its_own(tmp_path: Path) -> None:
    text = make_page(tmp_path, "-", source=RESIDUAL.replace("{sum}", "x + ")).text
    assert "after each sum" in text
    assert "after the first sum" in text
    assert "after each sum" not in make_page(tmp_path, "-", source=RESIDUAL.replace("{sum}", "")).text
