"""The picture in the README: `python -m tools.website.picture` takes it anew of the report page. Needs Chromium."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from initlint.cli.commands import cli
from tools.website.chromium import browser

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "assets" / "report.png"
_MODEL = ROOT / "fixtures" / "mlp" / "bad.py"
_WIDTH, _HEIGHT = 1400, 720
_MARGIN = 12


def take() -> bytes:
    """The top of the first model on the page of `_MODEL`, with 256 colours."""
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        page_file = Path(folder) / "report.html"
        CliRunner().invoke(cli, ["report", str(_MODEL), "--html", str(page_file)], catch_exceptions=False)
        page = chromium.new_page(viewport={"width": _WIDTH, "height": 2 * _HEIGHT})
        page.goto(page_file.as_uri())
        model = page.locator("details.model").first.bounding_box()
        left, top, width = model["x"] - _MARGIN, model["y"] - _MARGIN, model["width"] + 2 * _MARGIN
        shot = page.screenshot(full_page=True, clip={"x": left, "y": top, "width": width, "height": _HEIGHT})
    picture = io.BytesIO()
    Image.open(io.BytesIO(shot)).convert("P", palette=Image.Palette.ADAPTIVE).save(picture, "png", optimize=True)
    return picture.getvalue()


if __name__ == "__main__":
    PICTURE.write_bytes(take())
