"""The pinned list of packages, and the download of their sources."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("packages.txt")


@dataclass(frozen=True, slots=True)
class Package:
    """A release on PyPI."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def read_list(path: Path = LIST) -> tuple[Package, ...]:
    """The packages of a list: `name==version` on each line, `#` before a comment. Raises ValueError for other lines."""
    packages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        name, pinned, version = text.partition("==")
        if not (name and pinned and version):
            raise ValueError(f"{path}:{number}: `{text}` is no pinned package, such as `timm==1.0.31`")
        packages.append(Package(name, version))
    return tuple(packages)


def fetch(package: Package, folder: Path) -> Path:
    """The folder with the package's sources below `folder`. Downloads them if they are missing; installs nothing.

    Raises subprocess.CalledProcessError if pip cannot get it.
    """
    target = folder / f"{package.name}-{package.version}"
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", temporary]
        wheel = subprocess.run([*download, "--only-binary=:all:", str(package)], check=False, capture_output=True)
        if wheel.returncode:
            subprocess.run([*download, "--no-binary=:all:", str(package)], check=True)
        unpacked = Path(temporary, "unpacked")
        for archive in Path(temporary).iterdir():
            _unpack(archive, unpacked)
        unpacked.rename(target)
    return target


def _unpack(archive: Path, target: Path) -> None:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target)
        return
    with tarfile.open(archive) as source:
        source.extractall(target, filter="data")
