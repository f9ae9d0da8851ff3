"""What `docs/field.md` says of released code: how it is counted, and that the page and its plots are those of the table."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from tests.support.paths import ROOT
from tools.ecosystem.field import page, plots, shares
from tools.ecosystem.field.__main__ import main
from tools.ecosystem.field.counting import count
from tools.ecosystem.field.table import TABLE, Counts, read_table, write_table
from tools.ecosystem.packages import read_list

HEAD = "import torch\nfrom torch import nn\n\n"
SVG = "{http://www.w3.org/2000/svg}"


def counts_of(folder: Path, source: str, **others: str) -> Counts:
    """The counts of a package with `net.py` and other files."""
    for name, text in {"net": source, **others}.items():
        (folder / f"{name}.py").write_text(HEAD + text, encoding="utf-8")
    return count(folder)


def of_kind(counts: Counts, kind: str) -> dict[str, int]:
    return {key: number for (own, key), number in counts.items() if own == kind}


@pytest.mark.parametrize(
    ("init", "way"),
    [
        ("self.apply(self.init)", "apply"),
        ("for m in self.modules():\n            self.init(m)", "loop"),
        ("[self.init(m) for name, m in self.named_children()]", "loop"),
        ("for p in self.parameters():\n            nn.init.xavier_uniform_(p)", "loop"),
        ("nn.init.xavier_uniform_(self.fc.weight)", "constructor"),
        ("for layer in [self.fc]:\n            nn.init.xavier_uniform_(layer.weight)", "constructor"),
        ("self.init(self.fc)", "method"),
        ("fill(self.fc)", "helper"),
    ],
)
def test_how_an_init_gets_to_its_layer(tmp_path: Path, init: str, way: str) -> None:
    source = f"""
def fill(layer):
    nn.init.xavier_uniform_(layer.weight)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8, bias=False)
        {init}

    def init(self, layer):
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, x):
        return self.fc(x).relu()
"""
    counts = counts_of(tmp_path, source)
    assert of_kind(counts, "init") == {"linear xavier_uniform_": 1}
    assert of_kind(counts, "way") == {f"linear {way}": 1}
    assert of_kind(counts, "activation") == {"relu xavier_uniform_": 1}


def test_the_hook_of_a_framework_and_the_class_of_a_layer(tmp_path: Path) -> None:
    source = """
from transformers import PreTrainedModel

class Wide(nn.Linear):
    def reset_parameters(self):
        nn.init.normal_(self.weight, std=0.01)

class Loose(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = Wide(8, 8)

    def forward(self, x):
        return self.fc(x)

class Tower(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.fc = nn.Linear(8, 8)
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight.data.normal_(std=0.02)

    def forward(self, x):
        return self.fc(x)
"""
    counts = counts_of(tmp_path, source)
    assert of_kind(counts, "way") == {"linear framework": 1, "linear own class": 1}
    assert of_kind(counts, "form") == {"linear method": 1, "linear function": 1}


def test_a_place_counts_once_and_what_differs_is_undecided(tmp_path: Path) -> None:
    source = """
from other import fill

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.plain = nn.LayerNorm(8, elementwise_affine=False)
        self.gain = nn.Parameter(torch.ones(8))

    def forward(self, x):
        return torch.tanh(self.fc(self.plain(self.norm(x)))) * self.gain

class Same(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(4)])
        self.head = nn.Linear(8, 2)
        fill(self.head)

    def forward(self, x):
        return self.head(self.blocks(x))

class Drawn(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block() for _ in range(4)])
        self.tail = nn.Linear(8, 2)
        for block in self.blocks:
            nn.init.normal_(block.fc.weight)

    def forward(self, x):
        return self.tail(self.blocks(x))

class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.same = Same()

    def forward(self, x):
        return self.same(x)
"""
    other = "def fill(layer):\n    nn.init.orthogonal_(layer.weight)\n"
    counts = counts_of(tmp_path, source, other=other)
    assert counts["models", ""] == 2
    assert of_kind(counts, "init") == {
        "linear undecided": 1,
        "linear orthogonal_": 1,
        "linear default": 1,
        "norm default": 1,
        "parameter ones_": 1,
    }
    assert of_kind(counts, "file") == {"linear other": 1, "parameter same": 1}
    assert of_kind(counts, "form") == {"linear function": 1, "parameter new tensor": 1}


def test_findings_and_models_in_tests_do_not_count(tmp_path: Path) -> None:
    source = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        nn.init.zeros_(self.fc.weight)
        nn.init.xavier_uniform_(self.fc.bias)

    def forward(self, x):
        return self.fc(x)
"""
    counts = counts_of(tmp_path, source, test_net=f"import pytest\n{source}\ndef test_net():\n    Net()\n")
    assert counts["models", ""] == 1
    assert of_kind(counts, "finding")["INI101 error"] == 1
    assert of_kind(counts, "models with")["INI101"] == 1


def test_the_command_writes_the_table(tmp_path: Path) -> None:
    package = tmp_path / "mine-1"
    package.mkdir()
    (package / "net.py").write_text(HEAD + "class Net(nn.Module):\n    pass\n", encoding="utf-8")
    table = tmp_path / "table.tsv"
    write_table({"old==1": Counter({("models", ""): 3})}, table)
    run = CliRunner().invoke(main, ["--table", str(table), "--add", f"mine==1={package}"])
    assert (run.exit_code, run.output) == (0, "mine==1: 0 models\n")
    assert read_table(table) == {"old==1": Counter({("models", ""): 3})}
    run = CliRunner().invoke(main, ["--table", str(table), str(tmp_path / "gone")])
    assert run.output.startswith("gone: skipped: ")


def test_the_table_is_sorted_and_names_the_packages_of_the_list(tmp_path: Path) -> None:
    table = read_table()
    write_table(table, tmp_path / "again.tsv")
    assert (tmp_path / "again.tsv").read_text(encoding="utf-8") == TABLE.read_text(encoding="utf-8")
    assert set(table) <= {str(package) for package in read_list()}
    assert shares.models(table.values()) >= 3000


def test_the_numbers_of_the_page_are_those_of_the_table() -> None:
    assert (ROOT / "docs" / "field.md").read_text(encoding="utf-8") == page.text(read_table())


def test_another_table_makes_another_page() -> None:
    table = read_table()
    name = max(table, key=lambda package: table[package]["models", ""])
    table[name] = table[name] + Counter({("models", ""): 1, ("init", "linear default"): 9999})
    assert page.text(table) != page.text(read_table())


@pytest.mark.parametrize("name", plots.PLOTS)
def test_the_plots_are_those_of_the_table(name: str) -> None:
    plot = plots.PLOTS[name]
    bars = plot.bars(shares.split(read_table()))
    drawn = ElementTree.parse(ROOT / "docs" / "field" / f"{name}.svg").getroot()
    texts = Counter(" ".join("".join(text.itertext()).split()) for text in drawn.iter(f"{SVG}text"))
    expected = Counter(bar.label.replace("`", "") for bar in bars)
    expected += Counter(plot.text(value) for bar in bars for value in bar.values)
    assert expected - texts == Counter()
    widths = {group.attrib["id"]: _width(group) for group in drawn.iter(f"{SVG}g") if "id" in group.attrib}
    values = {f"bar-{at}-{series}": value for at, bar in enumerate(bars) for series, value in enumerate(bar.values)}
    longest = max(values, key=lambda at: values[at])
    for at, value in values.items():
        assert widths[at] / widths[longest] == pytest.approx(value / values[longest], abs=1e-3)


def _width(group: ElementTree.Element) -> float:
    path = group.find(f"{SVG}path")
    if path is None:
        return 0.0
    across = [float(number) for number in re.findall(r"[ML] (-?[\d.]+) ", path.attrib["d"])]
    return max(across) - min(across) if across else 0.0


def test_the_plots_are_drawn_alike_each_time() -> None:
    parts = shares.split(read_table())
    assert plots.svg("ways", parts) == plots.svg("ways", parts)
