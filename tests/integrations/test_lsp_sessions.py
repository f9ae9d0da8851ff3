"""A short random session with the language server; `tools.fuzzing.server_sessions` has long ones."""

from __future__ import annotations

import pytest

from initlint.linter.results import CheckResult
from tools.fuzzing import server_sessions

pytestmark = pytest.mark.asyncio


async def test_a_session_ends_with_the_diagnostics_of_its_last_texts() -> None:
    session = await server_sessions.run(60, seed=2)
    assert session.problems == {}
    assert session.edits >= 60
    assert session.compared > 5


async def test_other_diagnostics_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sessions, "check_paths", lambda *_, **__: CheckResult((), ()))
    monkeypatch.setattr(server_sessions, "SECONDS", 1.0)
    session = await server_sessions.run(1, seed=0)
    assert "other diagnostics in net.py" in session.problems
