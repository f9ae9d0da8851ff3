"""The pinned list of packages and repositories, and the download of their sources."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("packages.txt")

_RELEASE = re.compile(r"(?P<name>[^=\s/@]+)==(?P<version>\S+)")
_COMMIT = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)@(?P<version>[0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class Package:
    """A release on PyPI; a commit of a repository on GitHub if the name is `owner/name`."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}{'@' if self.is_repository else '=='}{self.version}"

    @property
    def is_repository(self) -> bool:
        return "/" in self.name


def read_list(path: Path = LIST) -> tuple[Package, ...]:
    """The packages of a list: `name==version` or `owner/name@commit` on each line, `#` before a comment.

    Raises ValueError for other lines.
    """
    packages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        pinned = _RELEASE.fullmatch(text) or _COMMIT.fullmatch(text)
        if pinned is None:
            raise ValueError(
                f"{path}:{number}: `{text}` is no pinned package, such as `timm==1.0.31`, "
                "and no repository with the 40 digits of a commit"
            )
        packages.append(Package(pinned["name"], pinned["version"]))
    return tuple(packages)


def fetch(package: Package, folder: Path, host: str = "https://github.com") -> Path:
    """The folder with the package's sources below `folder`. Downloads them if they are missing; installs nothing.

    `host`: where the repositories are. Raises subprocess.CalledProcessError if pip or git cannot get the package.
    """
    target = folder / f"{package.name.replace('/', '+')}-{package.version}"
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        unpacked = Path(temporary, "unpacked")
        if package.is_repository:
            _clone(f"{host}/{package.name}", package.version, unpacked)
        else:
            _download(package, Path(temporary), unpacked)
        unpacked.rename(target)
    return target


def _clone(url: str, commit: str, target: Path) -> None:
    """Check out one commit without its history."""
    for arguments in (
        ["init", "--quiet", str(target)],
        ["-C", str(target), "fetch", "--quiet", "--depth", "1", url, commit],
        ["-C", str(target), "checkout", "--quiet", "FETCH_HEAD"],
    ):
        subprocess.run(["git", *arguments], check=True)


def _download(package: Package, folder: Path, target: Path) -> None:
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    wheel = subprocess.run([*download, "--only-binary=:all:", str(package)], check=False, capture_output=True)
    if wheel.returncode:
        subprocess.run([*download, "--no-binary=:all:", str(package)], check=True)
    for archive in folder.iterdir():
        _unpack(archive, target)


def _unpack(archive: Path, target: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target)
        return
    with tarfile.open(archive) as source:
        source.extractall(target, filter="data")
