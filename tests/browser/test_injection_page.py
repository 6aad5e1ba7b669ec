"""Names that are scripts, in every page and picture that is written, in a browser: none runs, all are read as text.

It needs Selenium (`pip install "tapegrad[browser]"`), and Chromium or Chrome with its driver; otherwise it is skipped.
"""

from __future__ import annotations

import base64
import html
import re

import pytest

from tests.test_cli import needs_dot

pytest.importorskip("websockets", reason="websockets is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")
pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")

from tests.browser.test_playground_page import Page, address
from tests.browser.test_report_page import browser
from tests.fuzz.pages import HOSTILE, WRITERS

__all__ = ["address", "browser"]

pytestmark = needs_dot

SCRIPTS = [label for label in HOSTILE if "hacked" in label or "&" in label]
TOGETHER = "".join(SCRIPTS)
SHORT = "<img src=x onerror=window.hacked=1>"
READABLE = "<b onload=x>&lt;&amp;"
"""Short enough for every picture."""

FOUND = """
const all = Array.from(document.querySelectorAll("*"));
const attributes = all.flatMap(element => Array.from(element.attributes, each => [each.name, each.value]));
return {
  hacked: window.hacked === 1,
  scripts: document.querySelectorAll("script").length,
  foreign: document.querySelectorAll("object, embed, base, form, link, meta[http-equiv=refresh]").length,
  handlers: attributes.filter(([name]) => name.startsWith("on")).length,
  links: attributes.filter(([name]) => /^(xlink:)?(href|src|action)$/.test(name)).map(each => each[1].slice(0, 40)),
  text: document.documentElement.textContent,
};
"""


def opened(browser, path, page):
    """Open a page that has been written, and return what is found in it, and in the frames within it."""
    path.write_text(page, "utf-8")
    browser.get(path.as_uri())
    found = [browser.execute_script(FOUND)]
    for frame in browser.find_elements("css selector", "iframe"):
        browser.switch_to.frame(frame)
        found.append(browser.execute_script(FOUND))
        browser.switch_to.default_content()
    return found


def as_documents(page):
    """Return (how, file name, text): a picture is looked at as a document, in a page, and as an image."""
    if not re.match(r"\s*(<\?xml|<svg)", page):
        return [("page", "page.html", page)]
    code = base64.b64encode(page.encode()).decode()
    return [
        ("document", "picture.svg", page),
        ("part of a page", "inline.html", f"<!DOCTYPE html><meta charset=utf-8><title>x</title>{page}"),
        ("image", "image.html", f"<!DOCTYPE html><title>x</title><img src='data:image/svg+xml;base64,{code}'>"),
    ]


def loaded(browser):
    return browser.execute_script("return document.images.length ? document.images[0].naturalWidth : 1") > 0


@pytest.mark.parametrize("name", WRITERS)
def test_no_name_runs_or_adds_anything(name, browser, tmp_path):
    usual = [opened(browser, tmp_path / file, page) for _, file, page in as_documents(WRITERS[name]("name"))]
    for label in (SHORT, TOGETHER):
        for (how, file, page), expected in zip(as_documents(WRITERS[name](label)), usual):
            found = opened(browser, tmp_path / file, page)
            assert len(found) == len(expected), how
            assert loaded(browser), how
            for each, harmless in zip(found, expected):
                assert not each["hacked"], how
                assert each["scripts"] == harmless["scripts"], how
                assert each["foreign"] == harmless["foreign"] == each["handlers"] == 0, how
                assert all(re.match(r"#|data:image/(png|svg\+xml);base64,|$", link) for link in each["links"]), how


@pytest.mark.parametrize("name", WRITERS)
def test_a_name_is_read_as_it_is(name, browser, tmp_path):
    (_, file, page), *_ = as_documents(WRITERS[name](READABLE))
    text = "".join(each["text"] for each in opened(browser, tmp_path / file, page))
    assert READABLE in text
    assert html.escape(READABLE) not in text


def test_this_test_sees_a_script_that_runs(browser, tmp_path):
    (found,) = opened(browser, tmp_path / "page.html", f"<!DOCTYPE html><title>x</title>{SHORT}{SCRIPTS[0]}")
    assert found["hacked"]
    assert found["handlers"] == found["scripts"] == 1


# -- the playground --------------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser, address):
    return Page(browser, address).open()


@pytest.mark.parametrize("label", [SHORT, *SCRIPTS[:5]])
def test_the_playground_shows_the_words_of_a_file_as_text(label, page, tmp_path):
    path = tmp_path / "own.csv"
    word = f'"{label.replace(chr(34), chr(34) * 2)}"'
    path.write_text(f"{word},{word}\n1,2\n", "utf-8")
    page.find(".tile input[value=own]").click()
    page.find("#own-file").send_keys(str(path))
    page.until(lambda: page.find("#error").is_displayed())
    assert label[:20] in page.says("error-text").replace("\\'", "'")
    found = page.browser.execute_script(FOUND)
    assert not found["hacked"]
    assert (found["scripts"], found["handlers"]) == (1, 0)


@pytest.mark.parametrize("label", [SHORT, *SCRIPTS[:5]])
def test_the_playground_shows_a_wrong_address_as_text(label, page):
    page.browser.execute_script("location.hash = 'data=' + encodeURIComponent(arguments[0])", label)
    page.until(lambda: page.find("#error").is_displayed())
    assert label[:20] in page.says("error-text").replace("\\'", "'")
    found = page.browser.execute_script(FOUND)
    assert not found["hacked"]
    assert (found["scripts"], found["handlers"]) == (1, 0)


def test_an_address_that_is_a_script_is_not_followed(page):
    page.browser.execute_script("location.hash = \"own=javascript:window.hacked=1&data=';window.hacked=1;'\"")
    page.until(lambda: page.find("#error").is_displayed())
    assert not page.browser.execute_script(FOUND)["hacked"]
