"""Many repositories with Spark: the rows of one repository without it, and a job in local mode."""

from __future__ import annotations

import functools
import math
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from initlint import ConfigurationError, Settings, check_files
from initlint.integrations import spark
from initlint.integrations.spark import RepositoryLimits, repository_rows
from tests.support.paths import ROOT

NET = """from torch import nn
from {module} import act


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(64, 64)
        self.b = nn.Linear(64, 2)
        nn.init.{init}(self.a.weight)

    def forward(self, x):
        return self.b(act(self.a(x)))
"""
HELPERS = "import torch\n\n\ndef act(x):\n    return torch.relu(x)\n"
PROJECT = {"net.py": NET.format(module="helpers", init="xavier_uniform_"), "helpers.py": HELPERS}
SLOW = "import torch.nn as nn\n" + "".join(
    f"class N{i}(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    f"        self.x = nn.ModuleList([nn.Linear({i}, {i + 1}) for _ in range(300)])\n"
    for i in range(1, 400)
)


def lint(
    files: dict[str, Any], settings: Settings | None = None, limits: RepositoryLimits = spark.DEFAULT_LIMITS
) -> list[Any]:
    return repository_rows("a/b", files.items(), settings, limits)


def short(rows: list[Any]) -> list[tuple[str, str | None, str | None]]:
    return [(row["status"], row["path"], row["code"]) for row in rows]


def test_a_row_is_a_finding() -> None:
    (row,) = lint(PROJECT)
    (diagnostic,) = check_files(PROJECT).diagnostics
    expected = {key: value for key, value in diagnostic.to_dict().items() if key in row}
    assert {key: row[key] for key in expected} == expected
    assert (row["repository"], row["status"], row["path"], row["cell"]) == ("a/b", "finding", "net.py", None)
    assert list(row) == [field.split("`")[1] for field in spark.SCHEMA.split(", ")]
    assert 0 < row["factor"] < math.inf


def test_the_order_of_the_files_changes_nothing() -> None:
    files = [*PROJECT.items(), ("bad.py", "import torch\ndef (:\n"), (None, "x"), ("empty.py", None)]
    files += [(f"m{i}.py", NET.format(module="helpers", init="zeros_")) for i in range(5)]
    rows = repository_rows("r", files)
    assert len({str(row) for row in rows}) == len(rows) > 8
    for seed in range(3):
        random.Random(seed).shuffle(files)
        assert repository_rows("r", files) == rows


def test_text_and_bytes_give_the_same_rows() -> None:
    assert lint({path: text.encode() for path, text in PROJECT.items()}) == lint(PROJECT)


def test_repositories_do_not_see_each_other() -> None:
    assert lint({"net.py": PROJECT["net.py"]}) == []


@pytest.mark.parametrize(
    ("limits", "status", "message"),
    [
        (RepositoryLimits(files=1), "too-many-files", "2 files, more than 1"),
        (RepositoryLimits(bytes=300), "too-many-bytes", "bytes, more than 300"),
        (RepositoryLimits(seconds=1e-3), "too-slow", "more than 0.001 seconds of CPU time"),
    ],
)
def test_a_repository_above_a_limit_is_one_row(limits: RepositoryLimits, status: str, message: str) -> None:
    files = PROJECT if status != "too-slow" else {"slow.py": SLOW}
    (row,) = lint(files, limits=limits)
    assert (row["status"], row["path"], row["code"], row["layers"]) == (status, None, None, [])
    assert message in row["message"]
    assert len(lint(PROJECT)) == 1, "the next repository is linted as if nothing had happened"


def test_files_that_are_left_out_are_rows() -> None:
    assert short(repository_rows("r", [("a.py", None), (None, "x = 1")])) == [
        ("no-text", None, None),
        ("no-text", "a.py", None),
    ]
    twice = [("net.py", "# 1"), ("./net.py", "# 2"), ("net.py", "# 1")]
    assert short(repository_rows("r", twice)) == [("duplicate-path", "net.py", None)]


def test_errors_are_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert short(lint({"bad.py": "import torch\ndef (:\n"})) == [("finding", "bad.py", "INI000")]
    assert short(lint({"a\0b.py": "import torch\n"})) == [("failed", None, None)]

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no luck")

    monkeypatch.setattr("initlint.linter.lint_file.Project", fails)
    (row,) = lint({"net.py": PROJECT["net.py"]})
    assert row["status"] == "failed"
    assert "no luck" in row["message"]


def test_settings_select_rules_and_wrong_ones_raise() -> None:
    assert lint(PROJECT, Settings(ignore=("INI301",))) == []
    with pytest.raises(ConfigurationError):
        lint(PROJECT, Settings(select=("INI999",)))


def test_importing_it_imports_neither_pyspark_nor_pandas() -> None:
    code = (
        "import sys; from initlint.integrations.spark import repository_rows; repository_rows('r', [('a.py', '')]);"
        "print(*sys.modules)"
    )
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyspark", "pandas", "pyarrow", "numpy"} & set(modules)


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """Spark on two cores of this machine."""
    for module in ("pyspark", "pandas", "pyarrow"):
        pytest.importorskip(module)
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("no Java")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master("local[2, 3]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.sql.shuffle.partitions", "2").config("spark.driver.bindAddress", "127.0.0.1")
        started = builder.getOrCreate()
        started.sparkContext.setLogLevel("OFF")
        yield started
        started.stop()


FILES = [
    *((f"user/plain{i}", path, text) for i in range(3) for path, text in PROJECT.items()),
    ("user/same-names", "net.py", NET.format(module="helpers", init="kaiming_uniform_")),
    ("user/large", "a.py", "x = 1\n" * 1_000),
    ("user/many", "a.py", "x = 1\n"),
    ("user/many", "b.py", "x = 1\n"),
    ("user/many", "c.py", "x = 1\n"),
    ("user/null", "a.py", None),
    ("user/broken", "a.py", "import torch\ndef (:\n"),
    (None, "net.py", NET.format(module="x", init="zeros_")),
]
LIMITS = RepositoryLimits(files=2, bytes=5_000)


def expected_rows() -> list[Any]:
    names = sorted({name for name, _, _ in FILES}, key=str)
    by_name = {name: [(path, text) for other, path, text in FILES if other == name] for name in names}
    return [row for name in names for row in repository_rows(name, by_name[name], limits=LIMITS)]


def in_order(rows: list[Any]) -> list[Any]:
    return sorted((row if isinstance(row, dict) else row.asDict() for row in rows), key=functools.partial(str))


@pytest.mark.parametrize("kind", ["string", "binary"])
def test_a_job_gives_the_rows_of_each_repository(session: Any, tmp_path: Path, kind: str) -> None:
    files = [(name, path, text) for name, path, text in FILES]
    df = session.createDataFrame(files, "repo string, file string, content string")
    df = df.withColumn("content", df["content"].cast(kind))
    df.write.parquet(str(tmp_path / "files"))
    stored = session.read.parquet(str(tmp_path / "files"))
    found = spark.findings(stored, repository="repo", path="file", text="content", limits=LIMITS)
    rows = found.collect()
    assert in_order(rows) == in_order(expected_rows())
    assert {row["status"] for row in rows} == {"finding", "too-many-files", "too-many-bytes", "no-text"}
    again = spark.findings(stored.repartition(5), repository="repo", path="file", text="content", limits=LIMITS)
    assert in_order(again.collect()) == in_order(rows)


def test_a_task_that_dies_is_repeated_and_gives_the_same_rows(session: Any, tmp_path: Path) -> None:
    mark = tmp_path / "died"

    def dies_once(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            if not mark.exists():
                mark.touch()
                os._exit(1)
            yield batch

    df = session.createDataFrame(FILES, "repository string, path string, text string")
    found = spark.findings(df, limits=LIMITS)
    assert in_order(found.mapInPandas(dies_once, found.schema).collect()) == in_order(expected_rows())
    assert mark.exists()


def test_wrong_settings_raise_before_the_job(session: Any) -> None:
    df = session.createDataFrame(FILES, "repository string, path string, text string")
    with pytest.raises(ConfigurationError):
        spark.findings(df, settings=Settings(select=("INI999",)))


def test_the_script_of_the_documentation_runs(session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    df = session.createDataFrame(FILES, "repository string, path string, text string")
    df.write.parquet(str(tmp_path / "files.parquet"))
    page = (ROOT / "docs" / "large-scans.md").read_text(encoding="utf-8")
    script, with_settings = (block.split("```")[0] for block in page.split("```python\n")[1:])
    script = script.replace("files.parquet", f"{tmp_path}/files.parquet")  # Java keeps the folder it started in
    script = script.replace('"findings.parquet', f'"{tmp_path}/findings.parquet')
    names: dict[str, Any] = {}
    exec(script, names)
    first = Path("rules.csv").read_text(encoding="utf-8").splitlines()[1]
    assert first == "INI301,xavier-before-relu,info,3,3"
    assert "<svg" in Path("rules.svg").read_text(encoding="utf-8")
    exec(with_settings, names)
    # A file that cannot be read is reported whatever is selected.
    found = [(row["repository"], row["code"]) for row in names["rows"].collect() if row["status"] == "finding"]
    assert found == [("user/broken", "INI000")]


def test_the_documentation_has_all_columns() -> None:
    page = (ROOT / "docs" / "large-scans.md").read_text(encoding="utf-8")
    table = page.split("## The columns")[1].split("## ")[0]
    assert {field.split("`")[1] for field in spark.SCHEMA.split(", ")} <= set(table.split("`"))
