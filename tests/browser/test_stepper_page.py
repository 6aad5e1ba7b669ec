"""A stepper in a real browser: opened from a file, clicked through to the end, moved by keys, read in the dark.

It needs Selenium (`pip install "tapegrad[browser]"`), and Chromium or Chrome with its driver; otherwise it is skipped.
"""

from __future__ import annotations

import re

import pytest

import nn
from autograd import Value, scope, sin
from autograd import sum as total
from autograd.show.stepper import step_through
from tests.test_cli import needs_dot
from tests.test_show import example
from tests.test_stepper import NASTY

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
from selenium.webdriver.common.keys import Keys  # noqa: E402 # it may be missing
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402 # likewise

from tests.browser.test_report_page import browser, opened  # noqa: E402 # likewise

__all__ = ["browser"]

pytestmark = needs_dot

VISIBLE = """
return Array.from(document.querySelectorAll(arguments[0]))
  .filter(each => each.getClientRects().length && getComputedStyle(each).visibility == "visible")
"""

NUMBERS = """
const seen = each => getComputedStyle(each).visibility == "visible";
return Object.fromEntries(Array.from(document.querySelectorAll(".stage .node"))
  .map(card => [card.querySelector("title").textContent.split(" = ")[0],
                Array.from(card.querySelectorAll("text.t")).filter(seen).map(each => each.textContent)]));
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("stepper") / "steps.html"
    step_through(example()).save(path)
    return path.as_uri()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    with scope(NASTY):
        x = Value(2.0, label=NASTY)
        y = x * Value(3.0, label="<script>document.title='ran'</script>") + x * 0.5
    path = tmp_path_factory.mktemp("hostile") / "steps.html"
    step_through(y, title="</title><script>document.title='ran'</script>").save(path)
    return path.as_uri()


def told(browser):
    (text,) = browser.execute_script(VISIBLE + ".map(each => each.textContent)", ".told > p")
    return text


def press(browser, word):
    labels = browser.execute_script(VISIBLE, ".buttons > label")
    [label] = [label for label in labels if word in label.text]
    label.click()


def at_work(browser):
    rings = browser.execute_script(VISIBLE, ".ring")
    return [ring.find_element("xpath", "..").get_attribute("class") for ring in rings]


@pytest.fixture(params=["with its script", "without"])
def stepping(request, address, tmp_path):
    if request.param == "with its script":
        return address
    path = tmp_path / "steps.html"
    path.write_text(re.sub(r"<script>.*?</script>", "", step_through(example()).html, flags=re.DOTALL), "utf-8")
    return path.as_uri()


def test_next_leads_through_every_step(browser, stepping):
    opened(browser, stepping)
    seen = [told(browser)]
    assert browser.execute_script(NUMBERS) == {"w1": ["2"], "w2": ["3"], "a": [], "b": [], "c": [], "g": []} | {
        "the constant 3": []
    }
    for _ in range(11):
        press(browser, "next")
        seen.append(told(browser))
    assert [text.partition(" ")[0] for text in seen] == [f"{k}/11" for k in range(12)]
    assert seen[1] == "1/11 Forward. a = w1 ** 3 = 2 ** 3 = 8"
    assert seen[-1].endswith("= 3 × 12 = 36: 3 + 36 = 39 (a second use: gradients add)")
    numbers = browser.execute_script(NUMBERS)
    assert numbers["w1"] == ["2", "3 + 36 = 39"]
    assert numbers["w2"] == ["3", "8"]
    assert numbers["g"] == ["30", "1"]
    assert len(browser.execute_script(VISIBLE, ".buttons > .off")) == 2
    press(browser, "first")
    assert told(browser).startswith("0/11 ")
    press(browser, "last")
    press(browser, "back")
    assert told(browser).startswith("10/11 ")


def test_card_and_arrow_at_work_are_outlined(browser, address):
    opened(browser, address)
    assert at_work(browser) == []
    browser.find_element("css selector", ".walk > input[aria-label^='step 11 ']").click()
    assert at_work(browser) == ["node n0"]
    widths = browser.execute_script(
        "return Array.from(document.querySelectorAll('.arrow > path')).map(p => getComputedStyle(p))"
        ".filter(style => style.stroke == 'rgb(176, 58, 0)').map(style => style.strokeWidth)"
    )
    assert widths == ["3.4px"]
    [ring] = browser.execute_script(VISIBLE, ".ring")
    assert ring.value_of_css_property("stroke") == "rgb(176, 58, 0)"


def test_arrow_keys_step_and_the_focus_is_seen(browser, stepping):
    opened(browser, stepping)
    browser.find_element("tag name", "body").send_keys(Keys.TAB)
    focused = browser.switch_to.active_element
    assert focused.get_attribute("aria-label") == "step 0 of 11: Start. The leaves have their values: w1 = 2, w2 = 3."
    assert focused.value_of_css_property("outline-width") == "3px"
    focused.send_keys(Keys.ARROW_RIGHT)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert told(browser).startswith("2/11 ")
    browser.switch_to.active_element.send_keys(Keys.ARROW_LEFT)
    assert told(browser).startswith("1/11 ")


def test_home_and_end_lead_to_the_ends(browser, address):
    opened(browser, address)
    first = browser.find_element("css selector", "#s0")
    first.send_keys(Keys.END)
    assert told(browser).startswith("11/11 ")
    assert browser.switch_to.active_element.get_attribute("id") == "s11"
    browser.switch_to.active_element.send_keys(Keys.HOME)
    assert told(browser).startswith("0/11 ")


def test_a_large_picture_scrolls_to_the_card_at_work(browser, tmp_path):
    y = Value(1.0, label="x")
    for _ in range(40):
        y = sin(y)
    path = tmp_path / "steps.html"
    step_through(y).save(path)
    opened(browser, path.as_uri())
    for step in (40, 41, 80, 20):
        browser.find_element("css selector", f"#s{step}").click()
        [ring] = browser.execute_script(VISIBLE, ".ring")
        card = browser.execute_script("return arguments[0].getBoundingClientRect()", ring)
        assert 0 <= card["left"] < card["right"] <= 1280


def test_nothing_moves_while_stepping(browser, address):
    opened(browser, address)
    places = set()
    for k in range(12):
        browser.find_element("css selector", f"#s{k}").click()
        top = browser.execute_script("return document.querySelector('.stage svg').getBoundingClientRect().top")
        buttons = browser.execute_script(
            VISIBLE + ".map(b => [b.innerText, b.getBoundingClientRect().x])", ".buttons *"
        )
        places.add((top, *map(tuple, buttons)))
    assert len(places) == 1


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 28)")])
def test_it_follows_the_scheme_of_the_reader(browser, address, scheme, paper):
    opened(browser, address, scheme=scheme)
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == paper
    grad = {"light": "rgb(176, 58, 0)", "dark": "rgb(255, 168, 115)"}[scheme]
    row = browser.execute_script("return getComputedStyle(document.querySelector('.n5 .f5')).fill")
    assert row == grad


CONTRAST = """
const part = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
  return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b); };
const ground = getComputedStyle(document.body).backgroundColor;
const behind = element => {
  if (!element.closest("svg"))
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
  const box = element.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
  const under = Array.from(element.closest("svg").querySelectorAll("polygon")).filter(each => {
    const b = each.getBoundingClientRect(), fill = getComputedStyle(each).fill;
    return fill != "none" && b.left <= x && x <= b.right && b.top <= y && y <= b.bottom; });
  return under.length ? getComputedStyle(under.at(-1)).fill : ground;
};
document.querySelector("details").open = true;
return Array.from(document.querySelectorAll("main *")).filter(element =>
    getComputedStyle(element).visibility == "visible" && element.getClientRects().length && !element.closest("title") &&
    Array.from(element.childNodes).some(node => node.nodeType == 3 && node.textContent.trim())).map(element => {
  const style = getComputedStyle(element);
  const ink = light(element.closest("svg") ? style.fill : style.color), paper = light(behind(element));
  return [(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), element.textContent];
});
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("step", [0, 5, 11])
def test_every_text_has_contrast(browser, address, scheme, step):
    opened(browser, address, scheme=scheme)
    browser.find_element("css selector", f"#s{step}").click()
    ratios = browser.execute_script(CONTRAST)
    assert len(ratios) > 40
    assert [(ratio, text) for ratio, text in ratios if ratio < 4.5] == []  # WCAG 2.2, level AA


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_nothing_reaches_beyond_the_screen(browser, address, hostile, width):
    for page in (address, hostile):
        opened(browser, page, width)
        browser.find_element("tag name", "summary").click()
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_scopes_are_stepped_through(browser, tmp_path):
    path = tmp_path / "scopes.html"
    stepper = nn.step_through(nn.MLP(2, [3, 1], "tanh", seed=1), [0.5, -1.0], collapse=2)
    stepper.save(path)
    opened(browser, path.as_uri())
    assert told(browser).endswith("13 params inside the collapsed scopes.")
    steps = len(browser.find_elements("css selector", ".walk > input"))
    outlined = []
    for step in range(1, steps):
        press(browser, "next")
        assert told(browser).startswith(f"{step}/{steps - 1} ")
        outlined.append(len(at_work(browser)))
    assert set(outlined) == {1}
    rows = {name: texts for name, texts in browser.execute_script(NUMBERS).items() if "neuron" in name}
    assert len(rows) == 4
    assert all(len(texts) == 3 and texts[2].startswith("|g| ≤ ") for texts in rows.values())
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def test_names_run_nothing_and_nothing_is_fetched(browser, hostile):
    browser.get_log("browser")
    opened(browser, hostile)
    assert browser.title == "</title><script>document.title='ran'</script>"
    assert browser.execute_script("return document.scripts.length + document.images.length") == 1  # its own
    assert browser.execute_script("return performance.getEntriesByType('resource').map(each => each.name)") == []
    press(browser, "last")
    assert [entry["message"] for entry in browser.get_log("browser")] == []


def test_it_prints_on_white_paper_with_all_steps(browser, address):
    opened(browser, address)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": dark})
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.execute_script(VISIBLE, ".buttons *, .walk > input") == []
    rows = "return Array.from(document.querySelectorAll('tbody tr')).map(row => row.checkVisibility())"
    assert browser.execute_script(rows) == [True] * 12
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("uses", [1, 12])
@pytest.mark.parametrize("width", [700, 933, 1250])
def test_a_frame_has_no_scrollbar_beside_that_of_its_picture(browser, tmp_path, uses, width):
    path = tmp_path / "notebook.html"
    y = example() if uses == 1 else total(Value(k * 0.1, label=f"x{k}") * Value(0.5) for k in range(uses))
    written = step_through(y)._repr_html_()
    style = f"<meta charset=utf-8><style>body{{margin:0;width:{width}px}}</style>"
    path.write_text(f"<!DOCTYPE html>{style}{written}", encoding="utf-8")
    opened(browser, path.as_uri(), width=1400)
    browser.switch_to.frame(0)
    press(browser, "last")
    fits = "return document.documentElement.scrollHeight <= innerHeight"
    WebDriverWait(browser, 5.0, 0.03).until(lambda _: browser.execute_script(fits))  # after the frame has its size
    browser.switch_to.default_content()


def test_a_notebook_shows_the_frame_or_the_fallback(browser, tmp_path):
    path = tmp_path / "notebook.html"
    written = step_through(example())._repr_html_()
    browser.get_log("browser")
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{written}", encoding="utf-8")
    opened(browser, path.as_uri())
    assert len(browser.execute_script(VISIBLE, "iframe")) == 1
    assert browser.execute_script(VISIBLE, "img, td") == []
    inside = "document.querySelector('iframe').getBoundingClientRect().height"
    height = browser.execute_script(f"return {inside}")
    browser.switch_to.frame(0)
    assert told(browser).startswith("0/11 ")
    press(browser, "next")
    assert told(browser).startswith("1/11 ")
    assert browser.execute_script("return document.documentElement.scrollHeight") <= height
    browser.switch_to.default_content()
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    browser.execute_script("document.querySelectorAll('iframe, style').forEach(each => each.remove())")
    assert len(browser.execute_script(VISIBLE, "img")) == 1
    assert len(browser.execute_script(VISIBLE, "td")) == 24
