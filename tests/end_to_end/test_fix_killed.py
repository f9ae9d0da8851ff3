"""`initlint check --fix` killed while it writes: every file is the old or the new one, and the next run tidies up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")

FILES, KILLS = 240, 3
OLD = f"from torch import nn\n\n\ndef init(w):\n    nn.init.xavier_uniform(w)\n# {'long enough to be cut ' * 2000}\n"
NEW = OLD.replace("xavier_uniform(", "xavier_uniform_(")


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "initlint", "check", "--fix-only", "--isolated", str(folder)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # Of lower priority: the test must notice the first write before the last one, also while other tests run.
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, preexec_fn=lambda: os.nice(5), **pipes)  # type: ignore[call-overload, no-any-return]


def test_killed_at_any_moment(tmp_path: Path) -> None:
    paths = [tmp_path / f"package{number % 4}" / f"net{number}.py" for number in range(FILES)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(OLD, encoding="utf-8")
    moments = []
    for kill in range(KILLS):
        # In order, so that the first one that is old tells when writing goes on.
        waiting = next(path for path in sorted(paths) if path.read_text(encoding="utf-8") == OLD)
        was = waiting.stat().st_ino
        with start(tmp_path) as process:
            while waiting.stat().st_ino == was and process.poll() is None:
                time.sleep(0.0005)
            time.sleep(0.003 * kill)
            process.kill()
        texts = [path.read_text(encoding="utf-8") for path in paths]
        assert set(texts) <= {OLD, NEW}
        moments.append(texts.count(NEW))
        if moments[-1] == FILES:
            break
    assert 0 < moments[0] < FILES
    with start(tmp_path) as process:
        assert process.wait() == 0
    assert {path.read_text(encoding="utf-8") for path in paths} == {NEW}
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(paths)
