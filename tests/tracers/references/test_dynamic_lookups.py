"""Which names that code takes from values may be those of a file; and that the text tells where to look for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from initlint.tracers.references.dynamic_lookups import LOOKUPS, lookups
from initlint.tracers.references.parsed_dependencies import parse_index

HOME = Path("/project/models/net.py")


@pytest.mark.parametrize(
    ("code", "reaches"),
    [
        ("getattr(models.net, name)", True),
        ("getattr(models,\n    name)", True),
        ("getattr(models, f'{name}_init')", False),
        ("getattr(models, 'start')", False),
        ("getattr(models,  'start')", False),
        ("getattr(models,\n    'start')", False),
        ("getattr(other, name)", False),
        ("getattr(self.models, name)", True),
        ("vars(models)[name]", True),
        ("models.__dict__[name]", True),
        ("globals()[name]", True),
        ("globals()['start']", False),
        ("globals()[ 'start']", False),
        ("globals().get(name)", True),
        ("import_module(f'models.{name}')", True),
        ("import_module('models.net')", False),
        ("model.eval()", False),
        ("eval(name)", True),
    ],
)
def test_a_name_taken_from_a_value(code: str, reaches: bool) -> None:
    data = f"import models\n\ndef f(name):\n    return {code}\n".encode()
    text = parse_index(HOME, data)
    assert text is not None
    assert any(lookup.may_reach(HOME) for lookup in lookups(text)) is reaches
    if reaches:
        assert any(piece.encode() in data and re.search(text.encode(), data) for piece, text in LOOKUPS.items())


@pytest.mark.parametrize("code", ["getattr(m,  'start')", 'getattr(m,\n    "start")', "globals()['start']", "m.eval()"])
def test_most_files_need_not_be_parsed(code: str) -> None:
    assert not any(re.search(pattern, code) for pattern in LOOKUPS.values())
