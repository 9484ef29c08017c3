"""The report in a real browser, at the widths of a desk and of a phone, by day and by night."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ses_monitor_cli.report.model import build
from ses_monitor_cli.report.page import rendered
from tests.browser import chromium
from tests.browser.chromium import Browser
from tests.cli import reporting

PROGRAM = chromium.found()
WORLDS = {"usual": reporting.table(), "empty": reporting.EMPTY, "large": reporting.large()}

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: set CHROMIUM, or put chromium on PATH")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert PROGRAM is not None
    with chromium.browser(PROGRAM) as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    for name, read in WORLDS.items():
        (folder / f"{name}.html").write_text(rendered(build(read)), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in WORLDS}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("world", WORLDS)
def test_the_page_fits_and_asks_nobody(
    browser: Browser, pages: dict[str, Path], world: str, width: int, dark: bool
) -> None:
    browser.open(pages[world], width=width, dark=dark)
    assert browser.value("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    assert browser.value("innerWidth") == width
    assert browser.complaints() == []
    assert browser.requests() == [pages[world].as_uri()]
    paper = browser.value("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("width", [360, 1280])
def test_what_matters_can_be_seen(browser: Browser, pages: dict[str, Path], width: int) -> None:
    browser.open(pages["usual"], width=width, dark=False)
    seen = browser.value("document.body.innerText")
    for words in (
        "2 of 4 regions in use deliver",
        "shop.example.com",
        "✖ failed",
        "aws sesv2",
        "Muted until",
        "denied",
    ):
        assert words in seen
    assert browser.value("document.querySelector('#identities ~ .scroll table').rows.length") == 4
    assert browser.value(
        "[...document.querySelectorAll('svg')].every(each => each.getBoundingClientRect().height > 60)"
    )
    assert browser.value("document.querySelectorAll('svg polyline').length") > 0


def test_commands_can_be_copied_and_findings_chosen(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["usual"], width=1280, dark=False)
    assert browser.value("document.querySelectorAll('pre + button').length") == 2
    typed = "const box = document.getElementById('filter'); box.value = 'DMARC'; box.dispatchEvent(new Event('input'));"
    browser.value(f"{{{typed}}}")
    assert browser.value("[...document.querySelectorAll('article')].filter(each => !each.hidden).length") == 1
    assert browser.complaints() == []


def test_it_is_read_without_its_script_too(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["usual"], width=1280, dark=False, script=False)
    # What the tools ask is answered although the page's own script does not run.
    assert "aws sesv2 get-email-identity" in browser.value("document.body.innerText")
    assert browser.value("document.querySelectorAll('button').length") == 0
    assert browser.value("document.getElementById('filter').closest('p').hidden")


CONTRAST = """
(() => {
  const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = rgb => { const [r, g, b] = rgb.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const behind = node => { for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor; if (!colour.endsWith(', 0)')) return colour; } };
  return Math.min(...[...document.querySelectorAll('h1,h2,h3,p,th,td,span,strong,li,a,pre,button,caption')].map(each => {
    const [a, b] = [light(getComputedStyle(each).color), light(behind(each))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); }));
})()
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: Browser, pages: dict[str, Path], dark: bool) -> None:
    browser.open(pages["usual"], width=1280, dark=dark)
    assert browser.value(CONTRAST) >= 4.5  # https://www.w3.org/TR/WCAG21/#contrast-minimum
