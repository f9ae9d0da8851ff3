"""Lints many repositories with Spark: `findings` turns a DataFrame of files into a DataFrame of findings.

Needs the extra `spark`. pyspark and pandas are imported on use: `repository_rows` does the work for one repository
without either.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import PurePath
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from initlint._lazy import LazyModule
from initlint._records import dataclass
from initlint.api import check_files
from initlint.diagnostics import Diagnostic
from initlint.project.decoding import encode
from initlint.project.settings import ConfigurationError, Settings

if TYPE_CHECKING:
    import pandas
    from pyspark import sql
    from pyspark.sql import functions
else:
    pandas = LazyModule("pandas")
    sql = LazyModule("pyspark.sql")
    functions = LazyModule("pyspark.sql.functions")

Row: TypeAlias = dict[str, Any]

_TYPES: Mapping[str, tuple[str, str]] = {
    "repository": ("string", "object"),
    "status": ("string", "object"),
    "path": ("string", "object"),
    "cell": ("int", "Int32"),
    "row": ("int", "Int32"),
    "column": ("int", "Int32"),
    "end_row": ("int", "Int32"),
    "end_column": ("int", "Int32"),
    "code": ("string", "object"),
    "name": ("string", "object"),
    "severity": ("string", "object"),
    "message": ("string", "object"),
    "model": ("string", "object"),
    "layers": ("array<string>", "object"),
    "factor": ("double", "Float64"),
    "factor_max": ("double", "Float64"),
    "product": ("double", "Float64"),
    "gradient": ("double", "Float64"),
    "gradient_max": ("double", "Float64"),
}
"""The columns of the result: their types in Spark and in pandas, whose nullable types keep None apart from NaN."""

SCHEMA = ", ".join(f"`{name}` {spark}" for name, (spark, _) in _TYPES.items())
"""The schema of the result, in Spark's DDL. `docs/large-scans.md` has the meaning of each column."""


@dataclass(frozen=True, slots=True)
class RepositoryLimits:
    """What one repository may cost: its number of files, their bytes, and seconds of CPU time.

    A repository above a limit is one row with a status of its own, and has no findings: without some of its files,
    others could be reported wrongly. The seconds need `signal.setitimer` and the main thread, which Spark's workers
    have on Linux and macOS; elsewhere they are not limited.
    """

    files: int = 5_000
    bytes: int = 64_000_000
    seconds: float = 300.0

    def excess(self, files: int, size: int) -> tuple[str, str] | None:
        """The status and the message for a repository of `files` files with `size` bytes that is above a limit."""
        if files > self.files:
            return "too-many-files", f"{files:,} files, more than {self.files:,}"
        if size > self.bytes:
            return "too-many-bytes", f"{size:,} bytes, more than {self.bytes:,}"
        return None


DEFAULT_LIMITS = RepositoryLimits()


def findings(
    df: sql.DataFrame,
    *,
    repository: str = "repository",
    path: str = "path",
    text: str = "text",
    settings: Settings | None = None,
    limits: RepositoryLimits = DEFAULT_LIMITS,
) -> sql.DataFrame:
    """The findings in `df`, which has one row for each file: a DataFrame with the schema `SCHEMA`.

    `repository`, `path`, `text`: the names of the columns. Files with equal `repository` are linted together and see
    each other, as in `check_files`; `text` is a string or binary. `settings`: by default those of a project without a
    configuration file. initlint must be installed on the workers.

    A row whose `status` is not `finding` says what was left out: a repository above one of the `limits`, a file without
    a path or text, an internal error. Neither ends the job. The rows depend on the files alone, not on their order or
    partitions, so a task that is repeated gives the same rows. Nothing is read but `df`, and nothing is written.

    Raises `ConfigurationError` for settings that cannot be used, before the job starts.
    """
    check_files({}, settings)
    return _with_totals(df, repository, path, text, limits).groupBy("repository").applyInPandas(
        _group_function(settings, limits), SCHEMA
    )  # fmt: skip


def _with_totals(df: sql.DataFrame, repository: str, path: str, text: str, limits: RepositoryLimits) -> sql.DataFrame:
    """The files with the totals of their repository, without the texts of a repository above a limit.

    Spark gives a worker all rows of a repository at once, so a large one must shrink before. The window and the
    grouping have the same key: the rows are shuffled once.
    """
    files = df.select(
        df[repository].cast("string").alias("repository"), df[path].cast("string").alias("path"), df[text].alias("text")
    )
    window = sql.Window.partitionBy("repository")
    size = functions.coalesce(functions.expr("octet_length(text)"), functions.lit(0)).cast("long")
    totals = files.withColumns(
        {"files": functions.count(functions.lit(1)).over(window), "bytes": functions.sum(size).over(window)}
    )
    small = (totals["files"] <= limits.files) & (totals["bytes"] <= limits.bytes)
    return totals.withColumns(
        {name: functions.when(small, totals[name]) for name in ("path", "text")}  # otherwise null
    )


def _group_function(
    settings: Settings | None, limits: RepositoryLimits
) -> Callable[[pandas.DataFrame], pandas.DataFrame]:
    def lint(group: pandas.DataFrame) -> pandas.DataFrame:
        return repository_frame(group, settings, limits)

    return lint


def repository_frame(
    group: pandas.DataFrame, settings: Settings | None = None, limits: RepositoryLimits = DEFAULT_LIMITS
) -> pandas.DataFrame:
    """The rows of one repository. `group`: the columns `repository`, `path`, `text` and the totals `files`, `bytes`."""
    first = group.iloc[0]
    name = _known(first["repository"])
    excess = limits.excess(int(first["files"]), int(first["bytes"]))
    if excess is None:
        files = zip(map(_known, group["path"]), map(_known, group["text"]), strict=True)
        rows = repository_rows(name, files, settings, limits)
    else:
        rows = [_other_row(name, *excess)]
    frame = pandas.DataFrame(rows, columns=list(_TYPES), dtype="object")
    return frame.astype({column: dtype for column, (_, dtype) in _TYPES.items()})


def _known(value: Any) -> Any:
    """`value`, or None for any of the values that pandas has for null."""
    return value if isinstance(value, (str, bytes, bytearray)) else None


def repository_rows(
    repository: str | None,
    files: Iterable[tuple[str | None, str | bytes | None]],
    settings: Settings | None = None,
    limits: RepositoryLimits = DEFAULT_LIMITS,
) -> list[Row]:
    """The rows of one repository, sorted by location: a dict with the columns of `SCHEMA` for each.

    `files`: pairs of path and text, in any order. Of several files with one path, the first text counts in the order of
    bytes; `a.py` and `./a.py` are one path. Raises `ConfigurationError`, and nothing else.
    """
    texts, rows = _texts(repository, files)
    excess = limits.excess(len(texts), sum(map(len, texts.values())))
    if excess is not None:
        return [*rows, _other_row(repository, *excess)]
    try:
        with _limited(limits.seconds):
            result = check_files(texts, settings, edits=False)
    except _OutOfTime:
        return [*rows, _other_row(repository, "too-slow", f"more than {limits.seconds:g} seconds of CPU time")]
    except ConfigurationError:
        raise
    except Exception as error:  # one repository must not end the job
        return [*rows, _other_row(repository, "failed", f"{type(error).__name__}: {error}")]
    for failure in result.failures:
        rows.append(_other_row(repository, "failed", f"{failure.part}: {failure.error}", failure.file))
    return [*rows, *(_finding_row(repository, diagnostic) for diagnostic in result.diagnostics)]


def _texts(
    repository: str | None, files: Iterable[tuple[str | None, str | bytes | None]]
) -> tuple[dict[str, bytes], list[Row]]:
    """The texts by path, and a row for each file that is left out."""
    complete: list[tuple[str, bytes]] = []
    rows: list[Row] = []
    for path, text in files:
        if path is None or text is None:
            rows.append(
                _other_row(repository, "no-text", f"the file has no {'path' if path is None else 'text'}", path)
            )
        else:
            complete.append((str(PurePath(path)), encode(text) if isinstance(text, str) else bytes(text)))
    texts: dict[str, bytes] = {}
    for path, data in sorted(complete):
        if path not in texts:
            texts[path] = data
        elif texts[path] != data:
            rows.append(_other_row(repository, "duplicate-path", "another file has the same path", path))
    return texts, sorted(rows, key=lambda row: (row["status"], row["path"] or "", row["message"]))


def _finding_row(repository: str | None, diagnostic: Diagnostic) -> Row:
    span = diagnostic.span.local
    return {
        "repository": repository,
        "status": "finding",
        "path": span.file,
        "cell": diagnostic.span.cell.number if diagnostic.span.cell else None,
        "row": span.row,
        "column": span.column,
        "end_row": span.end_row,
        "end_column": span.end_column,
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity.label,
        "message": diagnostic.message,
        "model": diagnostic.model,
        "layers": list(diagnostic.layers),
        **asdict(diagnostic.numbers),
    }


def _other_row(repository: str | None, status: str, message: str, path: str | None = None) -> Row:
    """A row that is no finding."""
    empty = dict.fromkeys(_TYPES)
    return {**empty, "repository": repository, "status": status, "path": path, "message": message, "layers": []}


class _OutOfTime(BaseException):
    """The time of a repository is over. No `except Exception` on the way catches it."""


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise `_OutOfTime` in the block after `seconds` of CPU time of this process, where the platform can.

    A function of an extension may turn it into another error; the time is over all the same.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    is_over = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal is_over
        is_over = True
        raise _OutOfTime

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except Exception:
        if is_over:
            raise _OutOfTime from None
        raise
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
