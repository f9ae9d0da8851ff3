"""Packs what the playground runs in Pyodide: initlint, and the libraries that its drawing needs, into one archive.

    python -m tools.website.playground.bundle ARCHIVE

The libraries are those installed beside initlint (the extra `report`). Compiled files are left out: markupsafe works
without, and matplotlib and pygments are not used.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("initlint", "click", "grandalf", "jinja2", "markupsafe")
_LEFT_OUT = ("initlint/cli/", "initlint/integrations/", "initlint/tracers/fx/worker/", "initlint/report/rule_pages")
_SUFFIXES = {".py", ".svg"}
_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of each entry, so that equal files give equal archives."""


def main() -> None:
    write(Path(sys.argv[1]))


def write(archive: Path) -> None:
    """Write the archive, with its folder."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name, file in entries():
            packed.writestr(zipfile.ZipInfo(name, _TIME), file.read_bytes(), zipfile.ZIP_DEFLATED)


def entries() -> Iterator[tuple[str, Path]]:
    """The name of each file in the archive, and the file."""
    own = Path(__file__).with_name("python")
    yield from ((file.name, file) for file in sorted(own.glob("*.py")))
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            sys.exit(f"{package} is not installed: pip install 'initlint[report]'")
        folder = Path(spec.origin).parent
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder.parent).as_posix()
            if file.suffix in _SUFFIXES and not name.startswith(_LEFT_OUT):
                yield name, file


if __name__ == "__main__":
    main()
