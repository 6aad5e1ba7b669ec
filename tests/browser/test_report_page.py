"""A report in a real browser: it is opened from a file, stepped through, read on a narrow and on a dark screen.

It needs Selenium (`pip install "tapegrad[browser]"`), and Chromium or Chrome with its driver; otherwise it is skipped.
"""

from __future__ import annotations

import random
import shutil

import pytest

from nn.layers import MLP
from nn.optimizers import SGD
from nn.reports import report
from nn.trainer import fit

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
from selenium.webdriver.chrome.service import Service  # noqa: E402 # it may be missing
from selenium.webdriver.common.keys import Keys  # noqa: E402 # likewise

HOSTILE = """</script><script>document.title='ran'</script><img src=x onerror="document.title='ran'">"'& עברית 🙂"""

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)

VISIBLE = """
const shown = element => element.getClientRects().length > 0;
return Array.from(document.querySelectorAll(arguments[0])).filter(shown)
"""


def program(*names):
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"none of these programs is installed: {', '.join(names)}")
    return found


def driven(tmp_path_factory, **logs):
    """A browser of its own, which keeps some logs, and is closed afterwards."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome", "chrome")
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", logs)
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    yield from driven(tmp_path_factory, browser="ALL")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The report of a run whose names are hostile."""
    generator = random.Random(0)
    inputs = [[generator.uniform(-1.0, 1.0), generator.uniform(-1.0, 1.0)] for _ in range(24)]
    targets = [1 if x > y else -1 for x, y in inputs]
    model = MLP(2, [8, 8, 1], "tanh", seed=1)
    history = fit(
        model,
        inputs[:16],
        targets[:16],
        loss="hinge",
        optimizer=SGD(model.parameters(), 0.1),
        epochs=6,
        validation=(inputs[16:], targets[16:]),
        progress=False,
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    report(history, title=HOSTILE, features=[HOSTILE, "y"], classes=[HOSTILE * 3, "up"]).save(path)
    return path.as_uri()


def opened(browser, address, width=1280, scheme="light"):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(address)
    return browser


def seen(browser):
    """Return (what the line about the snapshot says, the image of the plane, the title of the first weight)."""
    (line,) = browser.execute_script(VISIBLE + ".map(each => each.textContent)", ".now .s")
    (image,) = browser.execute_script(VISIBLE + ".map(each => each.getAttribute('href'))", ".surface image")
    weight = browser.execute_script(VISIBLE + ".map(each => each.textContent)", ".network g.s path.pos, path.neg")[0]
    marks = browser.execute_script(VISIBLE + ".map(each => each.getAttribute('class'))", ".mark")
    return line, image, weight, marks


def test_snapshots_are_clicked_through(browser, address):
    opened(browser, address)
    assert seen(browser)[0].startswith("epoch 6: training loss ")
    looks = []
    for k in range(7):
        browser.find_element("css selector", f".snapshots > label[for=e{k}]").click()
        line, image, weight, marks = seen(browser)
        assert line.startswith(f"epoch {k}: ")
        assert set(marks) == {f"mark s s{k}"}
        looks.append((image, weight))
    assert len(set(looks)) == 7
    browser.find_element("css selector", ".s6 label[for=e5]").click()
    assert seen(browser)[0].startswith("epoch 5: ")


def test_keys_step_and_the_focus_is_seen(browser, address):
    opened(browser, address)
    browser.find_element("tag name", "body").send_keys(Keys.TAB)
    focused = browser.switch_to.active_element
    assert focused.get_attribute("id") == "e6"
    outline = browser.execute_script("return getComputedStyle(arguments[0].nextElementSibling).outlineWidth", focused)
    assert outline == "3px"
    focused.send_keys(Keys.ARROW_LEFT)
    assert seen(browser)[0].startswith("epoch 5: ")
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert seen(browser)[0].startswith("epoch 0: before training")


def test_names_run_nothing_and_nothing_is_fetched(browser, address):
    opened(browser, address)
    assert browser.title == HOSTILE
    assert browser.find_element("tag name", "h1").text == HOSTILE
    assert browser.execute_script("return document.scripts.length + document.images.length") == 0
    assert browser.execute_script("return performance.getEntriesByType('resource').map(each => each.name)") == []
    assert [entry["message"] for entry in browser.get_log("browser")] == []


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
def test_nothing_reaches_beyond_the_screen(browser, address, width):
    opened(browser, address, width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    browser.find_element("tag name", "summary").click()  # the tables of numbers scroll in their own boxes
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


CONTRAST = """
const part = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const ground = element => {
  for (let each = element; each; each = each.parentElement) {
    const colour = numbers(getComputedStyle(each).backgroundColor);
    if (colour.length == 3) return colour;
    if (colour[3] > 0) { const under = ground(each.parentElement);
      return colour.slice(0, 3).map((c, k) => colour[3] * c + (1 - colour[3]) * under[k]); }
  }
};
const ratios = [];
for (const element of document.querySelectorAll("main *")) {
  const own = Array.from(element.childNodes).some(node => node.nodeType == 3 && node.textContent.trim());
  if (!own || element.closest("title") || !element.getClientRects().length) continue;
  const style = getComputedStyle(element);
  const ink = light(numbers(element.closest("svg") ? style.fill : style.color)), paper = light(ground(element));
  ratios.push([(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), element.textContent]);
}
return ratios;
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(browser, address, scheme):
    opened(browser, address, scheme=scheme)
    grounds = {"light": "rgb(244, 246, 248)", "dark": "rgb(20, 23, 28)"}
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == grounds[scheme]
    ratios = browser.execute_script(CONTRAST)
    assert len(ratios) > 50
    assert [(ratio, text) for ratio, text in ratios if ratio < 4.5] == []  # WCAG 2.2, level AA


def test_it_prints_on_white_paper(browser, address):
    opened(browser, address, scheme="dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.execute_script("return getComputedStyle(document.querySelector('h1')).color") == "rgb(31, 36, 48)"
    assert seen(browser)[0].startswith("epoch 6: ")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
