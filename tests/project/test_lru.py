"""What is kept of what takes long to make."""

from __future__ import annotations

from initlint.project.lru import SizedLRU


def made(kept: SizedLRU[str, str], keys: str) -> str:
    """Ask for each key, and put in what is not there: the keys that had to be made."""
    missed = ""
    for key in keys:
        if key not in kept:
            missed += key
            kept.put(key, key.upper(), 1)
        assert kept[key] == key.upper()
    return missed


def test_what_was_used_last_is_kept() -> None:
    assert made(SizedLRU(2), "abab") == "ab"
    assert made(SizedLRU(2), "abacab") == "abcb"


def test_the_last_is_kept_whatever_its_size() -> None:
    kept: SizedLRU[str, str] = SizedLRU(1)
    kept.put("a", "A", 9)
    assert kept["a"] == "A"


def test_what_is_needed_once_does_not_drive_out_what_is_needed_again_and_again() -> None:
    kept: SizedLRU[str, str] = SizedLRU(2, 2)
    assert made(kept, "xyabxycdxyefxyghxy") == "xyabxycdefgh"


def test_of_what_is_needed_again_stays_what_is_asked_for_most() -> None:
    kept: SizedLRU[str, str] = SizedLRU(1, 2)
    assert made(kept, "xyzxyxyxy") == "xyzxy"
    assert made(kept, "zwzwz") == "wzwz"
    assert made(kept, "xy") == ""


def test_what_is_needed_by_turns_is_not_all_made_again_each_time() -> None:
    turns = "abcdefgh" * 20
    assert len(made(SizedLRU(4), turns)) == len(turns)
    assert len(made(SizedLRU(1, 4), turns)) < len(turns) * 0.6


def test_what_is_needed_again_has_a_limit() -> None:
    kept: SizedLRU[str, str] = SizedLRU(1, 2)
    made(kept, "abcdefghi" * 3)
    assert sum(key in kept for key in "abcdefghi") == 3
