"""`initlint._frames`: calls in a large frame ask the system for no memory."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from initlint._frames import with_room

resource = pytest.importorskip("resource", reason="page faults are counted by Unix systems only")
_DEPTHS, _CALLS = 300, 200


def _calls_at(depth: int) -> int:
    """Make calls at each depth down to `depth`: at some of them, a call crosses the end of a chunk of frames."""
    for _ in range(_CALLS):
        _leaf()
    return 1 + _calls_at(depth - 1) if depth else 0


def _leaf() -> None:
    pass


_leaf.__code__ = _leaf.__code__.replace(co_stacksize=200)  # larger than its caller: it crosses an end at some depths


def _page_faults(run: Callable[[int], int]) -> int:
    run(_DEPTHS)  # what is allocated once does not count
    before: int = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    assert run(_DEPTHS) == _DEPTHS
    after: int = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    return after - before


def test_calls_in_a_large_frame_ask_for_no_memory() -> None:
    assert _page_faults(with_room(_calls_at)) < _CALLS


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="how other versions of Python keep frames may differ")
def test_other_calls_ask_for_memory_again_and_again() -> None:
    assert _page_faults(_calls_at) >= _CALLS


def test_the_function_keeps_its_name() -> None:
    assert with_room(_calls_at).__name__ == "_calls_at"
