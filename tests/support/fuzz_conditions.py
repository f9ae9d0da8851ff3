"""Conditions that fail in known ways, for the tests of fuzzing. Other processes import them."""

from __future__ import annotations

import os
import time

from tools.fuzzing.properties import Violated
from tools.fuzzing.sources import Input


def without_the_word(given: Input) -> str:
    """Fails if a file has the word `bad`."""
    if any(b"bad" in data for data in given.files.values()):
        raise Violated("the word")
    return "fine"


def alike(given: Input) -> str:
    """Differs between hash seeds, if asked to."""
    return str(hash("text")) if b"hash" in given.files["net.py"] else "fine"


def ends(given: Input) -> str:
    """Does not return, or ends the process, if asked to."""
    if b"sleep" in given.files["net.py"]:
        time.sleep(1000)
    if b"exit" in given.files["net.py"]:
        os._exit(7)
    return "fine"
