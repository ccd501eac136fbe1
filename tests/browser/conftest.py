"""A real browser before the real pages: Playwright drives Debian's Chromium, which is installed where it is missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.orders.production.conftest import big_art, built, paid_order  # noqa: F401  (fixtures)
from tools import debian

SCREENS = Path(__file__).resolve().parents[2] / "out" / "screens"
# As root there is no user namespace for Chromium's own sandbox; the pages are our own.
_ARGUMENTS = ["--no-sandbox", "--force-color-profile=srgb", "--hide-scrollbars", "--disable-gpu"]


def chromium_path() -> str:
    """Chromium's program. Raises RuntimeError where there is none and none can be installed."""
    found = shutil.which("chromium")
    if found is None and debian.can_install() and debian.install(["chromium"]):
        found = shutil.which("chromium")
    if found is None:
        raise RuntimeError("These tests need Chromium: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Playwright keeps a loop in this thread, and Django would then refuse every query of the test itself.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=_ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Browser, live_server: Any) -> Iterator[Page]:
    """An empty tab. What the page complains about (scripts, the security policy, missing files) fails the test."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, base_url=live_server.url, reduced_motion="reduce"
    )
    tab = context.new_page()
    tab.set_default_timeout(15_000)
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    tab.on(
        "response",
        lambda answer: complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    yield tab
    context.close()
    assert complaints == []


@pytest.fixture
def shot(page: Page) -> Callable[..., None]:
    """Writes what the tab shows to out/screens/<name>.png."""
    SCREENS.mkdir(parents=True, exist_ok=True)

    def take(name: str, *, full: bool = False) -> None:
        if full:
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": 1440, "height": max(900, min(height, 2400))})
            # A click further down has moved the page, or the part of it that moves by itself.
            page.evaluate("document.querySelectorAll('*').forEach((part) => part.scrollTo(0, 0))")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=SCREENS / f"{name}.png")

    return take
