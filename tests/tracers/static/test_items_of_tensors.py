"""A loop over a tensor yields its items. They have the other axes, so the fans of an init call on each are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program_forms import codes_of, net


@pytest.mark.parametrize(
    ("shape", "forward", "expected"),
    [
        ("3, 4, 48, 48", "x @ self.w[0, 1] + x @ self.w[2, 3]", {"INI403"}),
        ("3, 48, 48", "x @ self.w[0] + x @ self.w[2]", set()),
    ],
)
@pytest.mark.parametrize(
    "loop",
    [
        "for part in self.w:\n    init.xavier_uniform_(part)",
        "for part in self.w.data:\n    init.xavier_uniform_(part)",
        "for _, part in enumerate(self.w):\n    init.xavier_uniform_(part)",
        "[init.xavier_uniform_(part) for part in self.w]",
    ],
)
def test_the_items_have_the_other_axes(tmp_path: Path, shape: str, forward: str, expected: set[str], loop: str) -> None:
    program = net(f"self.w = nn.Parameter(torch.empty({shape}))\n{loop}", forward)
    assert codes_of(tmp_path, program) == expected
