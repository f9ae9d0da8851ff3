"""What the static tracer is certain of in generated programs, against torch: a short run of `tools.fuzzing.modules`."""

from __future__ import annotations

import pytest

from tools.fuzzing import module_snippets as snippets
from tools.fuzzing import modules
from tools.fuzzing.modules import Generator, compare, random_programs


def test_torch_agrees_with_what_is_certain() -> None:
    report = compare(list(random_programs(25, seed=20)))
    assert report.built >= 20
    assert report.claims >= 150
    assert [(found.where, found.certain, found.torch, found.program.used) for found in report.disagreements] == []


@pytest.mark.parametrize("table", ["LAYERS", "PARAMETERS", "WRITES", "EXECUTIONS"])
def test_a_program_of_one_snippet_has_it(table: str) -> None:
    snippet = getattr(snippets, table)[3]
    program = Generator(0, {table: snippet}).program()
    assert program.used == (snippet,)
    compile(program.text, "net.py", "exec")


def test_a_wrong_claim_is_a_disagreement(monkeypatch: pytest.MonkeyPatch) -> None:
    graph_of = modules.graph_of
    monkeypatch.setattr(modules, "graph_of", lambda text: graph_of(text.replace("torch.relu", "torch.tanh")))
    program = Generator(0, {"RETURNS": "layer"}).program()
    found = {disagreement.certain for disagreement in compare([program]).disagreements}
    assert "-> tanh" in found
    monkeypatch.setattr(modules, "graph_of", lambda text: graph_of(text.replace("nn.init.constant_", "print")))
    program = Generator(0, {"RETURNS": "layer"}).program()
    found = {disagreement.certain for disagreement in compare([program]).disagreements}
    assert "no write" in found
