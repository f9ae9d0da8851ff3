"""The edits of fixes that earlier runs have computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from initlint import rewrite
from initlint.diagnostics import Applicability, Diagnostic, Edit, Fix, FixRequest, Severity, Span
from initlint.linter.cache import cache_file, edit_cache
from initlint.linter.fix_edits import compute_fixes
from initlint.project.source import SourceFile
from initlint.rewrite.requests import ReplaceCall

CODE = b"from torch.nn.init import xavier_uniform_\nxavier_uniform_(w)\n"
PLACE = Span("net.py", 2, 1, 2, 20)


def edits_of(file: str = "net.py", code: bytes = CODE, function: str = "ones_", cache: Path | None = None) -> object:
    place = Span(file, 2, 1, 2, 1 + len(code.splitlines()[1]))
    fix = Fix("Do", ReplaceCall(place, function), Applicability.SAFE)
    (diagnostic,) = compute_fixes(
        [Diagnostic("INI301", "name", "message", Severity.INFO, place, fix=fix)], {file: code}, cache_folder=cache
    )
    return None if diagnostic.fix is None else diagnostic.fix.edits


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[FixRequest]:
    """The requests that are not answered by the cache."""
    requests: list[FixRequest] = []
    compute = rewrite.compute_edits

    def spy(source: SourceFile, request: FixRequest) -> tuple[Edit, ...] | None:
        requests.append(request)
        return compute(source, request)

    monkeypatch.setattr(rewrite, "compute_edits", spy, raising=False)
    return requests


def test_edits_are_computed_once(tmp_path: Path, computed: list[FixRequest]) -> None:
    first = edits_of(cache=tmp_path)
    assert first == edits_of(cache=tmp_path) == edits_of()
    assert first
    assert len(computed) == 2  # once for the cache and once without


def test_that_there_are_no_edits_is_remembered(tmp_path: Path, computed: list[FixRequest]) -> None:
    code = CODE.replace(b"(w)", b"(*w)")
    assert edits_of(code=code, cache=tmp_path) is None
    assert edits_of(code=code, cache=tmp_path) is None
    assert len(computed) == 1


def test_another_file_name_content_or_request_is_computed(tmp_path: Path, computed: list[FixRequest]) -> None:
    edits_of(cache=tmp_path)
    variants = ({"file": "__init__.py"}, {"code": b"# a\n" + CODE.replace(b"\n", b"; ", 1)}, {"function": "zeros_"})
    for number, variant in enumerate(variants, 2):
        edits = edits_of(**variant, cache=tmp_path)  # type: ignore[arg-type]
        assert len(computed) == number
        assert edits == edits_of(**variant)  # type: ignore[arg-type]
        computed.pop()


def test_the_same_content_in_another_folder_is_known(tmp_path: Path, computed: list[FixRequest]) -> None:
    edits_of(cache=tmp_path)
    edits = edits_of("other/net.py", cache=tmp_path)
    assert len(computed) == 1
    assert isinstance(edits, tuple)
    assert {edit.span.file for edit in edits} == {"other/net.py"}


def test_a_damaged_cache_is_empty(tmp_path: Path, computed: list[FixRequest]) -> None:
    expected = edits_of(cache=tmp_path)
    (file,) = tmp_path.iterdir()
    for data in (b"", b"{}", file.read_bytes().replace(b"ones_", b"eye_x")):
        file.write_bytes(data)
        assert edits_of(cache=tmp_path) == expected
    assert len(computed) == 4


def test_a_large_cache_keeps_what_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_cache, "_MOST", 1)
    edits_of(cache=tmp_path)
    edits_of(function="zeros_", cache=tmp_path)
    assert len(edit_cache.EditCache.open(tmp_path).entries) == 1


def test_the_cache_is_removed_with_the_rest(tmp_path: Path) -> None:
    edits_of(cache=tmp_path)
    assert cache_file.remove_all(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []
