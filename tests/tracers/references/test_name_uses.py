"""Calls of another function that has the same name as an init function of a class."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.reference_projects import findings_in_project

MERGER = """
    import torch.nn as nn

    class Merger(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        {decorator}
        def _init_weights({parameters}):
            nn.init.normal_(self.fc.weight)

        def forward(self, x):
            return self.fc(x)
"""
TRAINER = """
    from merger import Merger
    from frameworks import Base, Generic

    class Derived({base}):
        pass

    class Trainer:
        def run(self, model, layer, factory):
            {call}
"""


def is_reported(folder: Path, call: str, parameters: str = "self", decorator: str = "", base: str = "Base") -> bool:
    files = {
        "merger.py": MERGER.format(parameters=parameters, decorator=decorator),
        "trainer.py": TRAINER.format(call=call, base=base),
    }
    return bool(findings_in_project(folder, "INI106", files))


@pytest.mark.parametrize(
    ("call", "reported"),
    [
        ("self._init_weights(layer)", True),
        ("super()._init_weights(layer)", True),
        ("self.encoder._init_weights(layer)", True),
        ("model._init_weights(layer)", True),
        ("model._init_weights()", False),
        ("model._init_weights(*layer)", False),
        ("model.apply(model._init_weights)", False),
        ("self.layer_class._init_weights(layer)", False),
        ("factory()._init_weights(layer)", False),
        ("Merger._init_weights(layer)", False),
        ("Merger._init_weights(layer, 1)", True),
    ],
)
def test_a_call_that_hands_over_more_than_the_method_takes(tmp_path: Path, call: str, reported: bool) -> None:
    assert is_reported(tmp_path, call) is reported


@pytest.mark.parametrize(
    ("parameters", "decorator"),
    [("self, m", ""), ("self, /, m", ""), ("self, *m", ""), ("m", "@staticmethod")],
)
def test_a_method_that_takes_what_is_handed_over(tmp_path: Path, parameters: str, decorator: str) -> None:
    assert not is_reported(tmp_path, "super()._init_weights(layer)", parameters, decorator)


@pytest.mark.parametrize(
    ("call", "base", "reported"),
    [
        ("Base._init_weights(layer)", "Base", True),
        ("Base._init_weights", "Base", True),
        ("Unknown._init_weights(layer)", "Base", False),
        ("Derived._init_weights(layer)", "Base", True),
        ("Derived._init_weights(layer)", "Merger", False),
        ("Derived._init_weights(layer)", "Base, Merger[int]", False),
    ],
)
def test_the_method_of_a_class_that_is_named(tmp_path: Path, call: str, base: str, reported: bool) -> None:
    assert is_reported(tmp_path, call, base=base) is reported
