"""The report in a browser: on a phone and on a wide screen, light and dark, by keyboard, for a screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.browser import browser, needs_browser
from tests.support.paths import FIXTURES
from tests.support.report_page import run_report

pytestmark = needs_browser

WIDTHS = (390, 1600)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("page") / "out.html"
    models = [str(FIXTURES / name / "bad.py") for name in ("mlp", "resnet", "unet", "cnn")]
    assert run_report(*models, "--html", str(out)).exit_code == 0
    return out.as_uri()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture
def page(chromium: Any, address: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page at a width and in a colour scheme; whatever it logs, throws or loads fails the test."""
    width, scheme = getattr(request, "param", (1600, "light"))
    opened = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    trouble: list[str] = []
    opened.on("console", lambda message: trouble.append(message.text))
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("request", lambda sent: trouble.append(sent.url) if not sent.url.startswith("file:") else None)
    opened.goto(address)
    yield opened
    opened.close()
    assert trouble == []


every_screen = pytest.mark.parametrize(
    "page", [(width, scheme) for width in WIDTHS for scheme in ("light", "dark")], indirect=True, ids=str
)


@every_screen
def test_it_fits_the_screen(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown = page.locator(".plot:visible svg").first.bounding_box()
    assert shown["width"] > 290
    assert page.locator(".drawing:visible svg a.card").first.is_visible()


@every_screen
def test_axe_has_no_complaint(page: Any) -> None:
    found = Axe().run(page).response["violations"]
    assert [(violation["id"], violation["nodes"][0]["html"][:120]) for violation in found] == []


@every_screen
def test_what_is_written_in_the_drawing_can_be_read(page: Any) -> None:
    heights = page.evaluate(
        "[...document.querySelectorAll('.drawing text')].map(t => t.getBoundingClientRect()).map(b => b.height)"
    )
    assert min(height for height in heights if height) > 8


@every_screen
def test_texts_stay_in_their_boxes(page: Any) -> None:
    spilling = page.evaluate(
        """[...document.querySelectorAll('.drawing :is(a.card, g.pill, g.end)')].flatMap(group => {
            const box = group.querySelector('rect').getBoundingClientRect();
            return [...group.querySelectorAll('text')]
                .filter(t => t.getBoundingClientRect().right > box.right + 1 || t.getBoundingClientRect().left < box.left - 1)
                .map(t => t.textContent);
        })"""
    )
    assert spilling == []


def test_the_keyboard_gets_from_a_mark_to_its_finding(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    badge = page.locator(".drawing a.badge").first
    badge.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash.startsWith('#f')")
    target = page.locator(page.evaluate("location.hash"))
    page.wait_for_function(
        "e => { const b = e.getBoundingClientRect(); return b.top < innerHeight && b.bottom > 0 }",
        arg=target.element_handle(),
    )


def test_a_link_opens_what_it_leads_into(page: Any) -> None:
    row = page.locator("details.model").last.locator("tbody tr").last
    name = row.get_attribute("id")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
    page.evaluate("name => location.hash = name", name)
    page.wait_for_function("name => document.getElementById(name).offsetParent !== null", arg=name)
    assert row.is_visible()


def test_search_hides_what_does_not_match(page: Any) -> None:
    shown = "details.model:not([hidden])"
    models = page.locator(shown).count()
    page.fill("#search", "mlp/bad INI301")
    assert 0 < page.locator(shown).count() < models
    assert page.locator(".finding:visible").count() == 2  # the code around the other names the rule, too
    assert page.locator(".file:visible").count() == 1
    assert page.locator("#search-count").text_content().startswith("findings: 2, models: ")
    link = page.locator("details.model[hidden]").first.get_attribute("id")
    page.evaluate("name => location.hash = name", link)
    page.wait_for_function("name => document.getElementById(name).offsetParent !== null", arg=link)
    assert page.locator("#search").input_value() == ""


def test_models_can_be_sorted_and_folded(page: Any) -> None:
    names = "[...document.querySelectorAll('details.model')].map(model => model.dataset.name)"
    before = page.evaluate(names)
    page.select_option("#sort", "name")
    assert page.evaluate(names) == sorted(before)
    page.select_option("#sort", "")
    assert page.evaluate(names) == before
    page.click("text=Open all")
    assert page.locator("details.model:not([open])").count() == 0
    page.click("text=Close all")
    assert page.locator("details.model[open]").count() == 0


def test_a_script_that_gets_into_the_page_does_not_run(chromium: Any, address: str, tmp_path: Path) -> None:
    text = Path(url2pathname(urlsplit(address).path)).read_text(encoding="utf-8")
    injected = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\"><svg onload=\"document.title = 'run'\">"
    file = tmp_path / "injected.html"
    for page_text, title in ((text, False), (text.replace("Content-Security-Policy", "x"), True)):
        file.write_text(page_text.replace("<main", f"{injected}<main"), encoding="utf-8")
        page = chromium.new_page()
        page.goto(file.as_uri())
        assert (page.title() == "run") is title
        assert page.locator("#search-tools").is_visible()  # the script of the page itself runs
        page.close()


def test_it_is_whole_without_scripts(chromium: Any, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 1600, "height": 900})
    page = context.new_page()
    page.goto(address)
    assert page.locator(".finding").first.is_visible()
    assert page.locator(".drawing svg").first.is_visible()
    assert page.locator(".tools:visible").count() == 0
    context.close()
