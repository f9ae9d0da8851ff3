"""The playground of the site: its Python without a browser, its page with a stand-in for the worker, and the whole."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import browser, needs_browser
from tests.support.paths import ROOT
from tests.support.playground import BUILT, needs_build, server
from tools.website.playground import bundle

FOLDER = ROOT / "tools" / "website" / "playground"
NET = """from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(64, 64)
        self.b = nn.Linear(64, 2)
        nn.init.{init}(self.a.weight)

    def forward(self, x):
        return self.b(self.a(x).relu())
"""
NO_FIXES = "Fixes are not offered: they need libcst, which could not be loaded from cdn.jsdelivr.net."
TOO_LONG = 240_000
"""Milliseconds in which Python has started, also on a busy machine."""


def test_what_is_packed_runs_without_anything_else(tmp_path: Path) -> None:
    archive = tmp_path / "packed.zip"
    bundle.write(archive)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path / "packed")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'packed')!r}); sys.modules.update(libcst=None)\n"
        "import initlint_playground; print(initlint_playground.lint(sys.stdin.read()))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    text = NET.format(init="xavier_uniform_")
    run = subprocess.run(command, input=text, cwd=tmp_path, capture_output=True, text=True, check=True)
    result = json.loads(run.stdout)
    assert [(finding["code"], finding["row"], finding["fix"]) for finding in result["findings"]] == [
        ("INI301", 9, None)
    ]
    (model,) = result["models"]
    assert (model["name"], [layer["label"] for layer in model["layers"]]) == ("Net", ["a", "b"])
    assert model["drawing"].startswith("\n<svg") or model["drawing"].startswith("<svg")
    assert len(model["curves"][0]["values"]) == 2
    assert (result["fixes"], result["failures"], result["left_out"]) == (False, [], 0)


def test_fixes_come_with_their_diff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER / "python"))
    import initlint_playground

    text = NET.format(init="xavier_uniform_")
    (finding,) = json.loads(initlint_playground.lint(text))["findings"]
    changed = [line for line in finding["fix"]["diff"] if line[:1] in "+-"]
    assert [line[0] for line in changed] == ["-", "+"]
    assert "kaiming_uniform_" in changed[1]
    assert "kaiming_uniform_" in initlint_playground.fix(text)
    assert json.loads(initlint_playground.lint("def (:\nimport torch\n"))["findings"][0]["code"] == "INI000"
    assert json.loads(initlint_playground.lint("# \ud83d\nimport torch\n"))["failures"] == []


def test_the_archive_is_reproducible(tmp_path: Path) -> None:
    bundle.write(tmp_path / "one.zip")
    bundle.write(tmp_path / "other.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()


def test_versions_are_pinned_and_no_address_is_locked() -> None:
    package = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert locked[f"node_modules/{name}"]["version"] == version
    for entry in filter(None, locked):
        assert "resolved" not in locked[entry]
        assert locked[entry]["integrity"].startswith("sha512-")


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js")
def test_the_page_s_own_modules() -> None:
    tests = sorted(map(str, (FOLDER / "test").glob("*.test.js")))
    run = subprocess.run(["node", "--test", *tests], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert int(re.findall(r"pass (\d+)", run.stdout)[0]) >= len(tests)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server() as started:
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


def opened(chromium: Any, url: str, width: int = 1600, **more: Any) -> tuple[Any, list[str]]:
    """A page that reaches its own server only, and what goes wrong on it."""
    origin = "/".join(url.split("/")[:3])
    page = chromium.new_page(viewport={"width": width, "height": 900}, **more)
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.route(
        "**/*", lambda route: route.continue_() if route.request.url.startswith((origin, "data:")) else route.abort()
    )
    page.goto(url)
    return page, trouble


PASTE = """text => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    document.querySelector(".cm-content").dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def set_text(page: Any, text: str) -> None:
    """Paste `text` in place of all."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.evaluate(PASTE, text)


@pytest.fixture(scope="module")
def running(chromium: Any, address: str) -> Iterator[Any]:
    """The real page with Python running, and no network but its server."""
    page, trouble = opened(chromium, f"{address}/page.html")
    page.wait_for_selector(".finding", timeout=TOO_LONG)
    yield page
    page.close()
    assert trouble == []


@needs_build
@needs_browser
class TestInTheBrowser:
    def test_the_first_example_is_linted_and_drawn(self, running: Any) -> None:
        assert "INI301" in running.locator(".finding h3").first.text_content()
        assert running.locator(".cm-lint-marker-warning, .cm-lint-marker-info").count() >= 1
        assert running.locator(".drawing svg a.card").count() >= 2
        assert running.locator("figure svg circle").count() >= 9
        running.wait_for_selector(".fixing .note:visible", timeout=TOO_LONG)
        assert running.locator(".fixing .note").text_content() == NO_FIXES
        assert running.locator(".fix").count() == 0
        assert running.get_by_role("button", name="Apply all safe fixes").count() == 0

    def test_every_example_has_a_finding(self, running: Any) -> None:
        select = running.locator("#playground-example")
        for number in range(select.locator("option").count() - 1):
            select.select_option(str(number))
            text = running.locator(".cm-content").inner_text()
            running.wait_for_function("document.querySelectorAll('.bar button')[1].disabled", timeout=TOO_LONG)
            assert running.locator(".finding").count() >= 1, text
            assert running.locator(".drawing svg").count() >= 1, text

    def test_typing_lints_again(self, running: Any) -> None:
        set_text(running, NET.format(init="zeros_"))
        running.locator(".finding h3", has_text="INI201").wait_for(timeout=TOO_LONG)
        set_text(running, "x = 1\n")
        running.get_by_text("No findings").wait_for(timeout=TOO_LONG)
        assert "No model is defined here." in running.locator(".models").text_content()

    def test_a_link_carries_the_source(self, running: Any, chromium: Any, address: str) -> None:
        text = NET.format(init="xavier_normal_") + "# 🙂\n"
        set_text(running, text)
        running.get_by_role("button", name="Copy link").click()
        running.get_by_text("It holds the source itself").wait_for()
        link = running.evaluate("location.href")
        page, trouble = opened(chromium, link)
        page.wait_for_selector(".cm-line")
        assert page.locator(".cm-content").inner_text().split() == text.split()
        page.close()
        assert trouble == []

    def test_stop_ends_a_run_and_the_next_one_works(self, running: Any) -> None:
        many = "".join(NET.format(init="zeros_").replace("Net", f"Net{i}") for i in range(400))
        set_text(running, many)
        stop = running.get_by_role("button", name="Stop")
        running.wait_for_function("!document.querySelectorAll('.bar button')[1].disabled", timeout=TOO_LONG)
        stop.click()
        running.get_by_text("Stopped.").wait_for()
        assert stop.is_disabled()
        set_text(running, NET.format(init="ones_"))
        running.get_by_text(re.compile(r"^\d+ findings?$")).wait_for(timeout=TOO_LONG)

    @pytest.mark.parametrize(
        "missing", ["pyodide/pyodide.mjs", "pyodide/pyodide.asm.wasm", "initlint.zip", "worker.js"]
    )
    def test_without_python_the_page_says_so(self, chromium: Any, tmp_path: Path, missing: str) -> None:
        shutil.copytree(BUILT, tmp_path / "built", ignore=lambda folder, names: {Path(missing).name})
        with server(tmp_path / "built") as address:
            page = chromium.new_page()
            page.goto(f"{address}/page.html")
            page.get_by_text("Python could not be loaded").wait_for(timeout=TOO_LONG)
            assert page.locator(".cm-content").is_visible()
            page.close()

    @pytest.mark.parametrize("width", [390, 1600])
    @pytest.mark.parametrize("scheme", ["default", "slate"])
    def test_it_fits_the_screen_and_is_accessible(self, chromium: Any, address: str, width: int, scheme: str) -> None:
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe
        page, trouble = opened(chromium, f"{address}/fake.html?{scheme}", width)
        page.wait_for_selector(".fix summary")
        page.locator(".fix summary").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        page.close()
        assert trouble == []


@needs_build
@needs_browser
class TestFixesWithAStandInForTheWorker:
    @pytest.fixture
    def page(self, chromium: Any, address: str) -> Iterator[Any]:
        page, trouble = opened(chromium, f"{address}/fake.html")
        page.wait_for_selector(".fix summary")
        yield page
        page.close()
        assert trouble == []

    def test_a_fix_is_a_diff_that_can_be_applied(self, page: Any) -> None:
        set_text(page, "s = '🙂'; nn.init.xavier_uniform_(w)\n")
        page.locator(".cm-lint-marker").first.wait_for()
        page.wait_for_function("document.querySelector('.fix pre del')?.textContent.includes('🙂')")
        page.locator(".fix summary").click()
        assert page.locator(".fix pre del").text_content() == "-s = '🙂'; nn.init.xavier_uniform_(w)\n"
        assert page.locator(".fix pre ins").text_content() == "+s = '🙂'; nn.init.kaiming_uniform_(w)\n"
        page.get_by_role("button", name="Apply this fix").click()
        page.get_by_text("No findings").wait_for()
        assert page.locator(".cm-content").inner_text().strip() == "s = '🙂'; nn.init.kaiming_uniform_(w)"
        page.keyboard.press("Control+z")
        page.wait_for_selector(".finding")
        assert "xavier_uniform_" in page.locator(".cm-content").inner_text()

    def test_all_safe_fixes_at_once(self, page: Any) -> None:
        assert page.locator(".fixing .note").is_hidden()
        page.get_by_role("button", name="Apply all safe fixes").click()
        page.get_by_text("No findings").wait_for()
        assert "kaiming_uniform_" in page.locator(".cm-content").inner_text()

    def test_it_works_by_keyboard(self, page: Any) -> None:
        page.locator("#playground-example").focus()
        seen = []
        for _ in range(12):
            page.keyboard.press("Tab")
            seen.append(
                page.evaluate("document.activeElement.textContent.slice(0, 20) || document.activeElement.tagName")
            )
        assert "Copy link" in seen
        assert any(text.startswith("Fix: ") for text in seen), seen
        message = page.locator(".finding .message")
        assert message.text_content() == "x < y", "a message is text, never markup"

    def test_a_finding_leads_to_its_line(self, page: Any) -> None:
        page.locator(".finding .where").first.click()
        assert page.evaluate("document.activeElement.classList.contains('cm-content')")
        assert "xavier_uniform_" in page.locator(".cm-activeLine").inner_text()


@needs_build
def test_nothing_of_the_build_is_missing() -> None:
    assert {path.name for path in BUILT.iterdir()} >= {"playground.js", "playground.css", "worker.js", "initlint.zip"}
    assert {path.name for path in (BUILT / "pyodide").iterdir()} >= {"pyodide.mjs", "pyodide.asm.wasm"}
