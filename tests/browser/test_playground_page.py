"""The playground in a real browser: it is played, changed and looked into through its page alone.

It needs websockets (`pip install "tapegrad[playground]"`), Selenium (`pip install "tapegrad[browser]"`), and Chromium
or Chrome with its driver; otherwise it is skipped.
"""

from __future__ import annotations

import asyncio
import json
import threading
from urllib.parse import urlsplit

import pytest

from tests.test_cli import needs_dot

pytest.importorskip("websockets", reason="websockets is not installed")
pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from nn.playground.server import open_server
from nn.playground.settings import Settings
from tests.browser.test_report_page import CONTRAST, driven


@pytest.fixture(scope="module")
def address():
    """The playground, served from a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def done(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10.0)

    server = open_server()
    yield done(server.__aenter__())
    done(server.__aexit__(None, None, None))
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10.0)
    loop.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    yield from driven(tmp_path_factory, browser="ALL", performance="ALL")


class Page:
    """What a person does with the page, and sees on it."""

    def __init__(self, browser, address):
        self.browser, self.address = browser, address

    def open(self, query="", width=1280, scheme="light"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        size = {"width": width, "height": 950, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.browser.get("about:blank")
        self.browser.get(f"{self.address}#{query}" if query else self.address)
        self.until(lambda: self.says("state") == "Paused")
        return self

    def until(self, reached, seconds=12.0):
        return WebDriverWait(self.browser, seconds, 0.03).until(lambda _: reached())

    def find(self, selector):
        return self.browser.find_element("css selector", selector)

    def says(self, name):
        return self.find(f"#{name}").text

    def click(self, name):
        self.find(f"#{name}").click()

    def press(self, *keys):
        self.browser.switch_to.active_element.send_keys(*keys)

    @property
    def epoch(self):
        return int(self.says("epoch").replace(",", ""))

    @property
    def numbers(self):
        names = ["epoch", "train-loss", "test-loss", "train-accuracy", "test-accuracy", "widest", "by-hand"]
        return {name: self.says(name) for name in names}

    @property
    def settings(self):
        """The settings that the address of the page says."""
        return Settings.from_query(urlsplit(self.browser.current_url).fragment)

    def play_until(self, reached, seconds=12.0):
        self.click("play")
        self.until(lambda: self.says("state") == "Playing")
        self.until(reached, seconds)
        self.click("play")
        self.until(lambda: self.says("state") == "Paused")

    def set(self, name, value):
        """Choose something in a list."""
        Select(self.find(f"[name={name}]")).select_by_visible_text(value)

    def point_at(self, selector):
        """Bring the pointer onto the middle of a line of the network."""
        x, y = self.browser.execute_script(
            "const line = arguments[0], at = line.getPointAtLength(line.getTotalLength() * 0.7).matrixTransform("
            "line.getScreenCTM()); return [at.x, at.y]",
            self.find(selector),
        )
        builder = ActionBuilder(self.browser)
        builder.pointer_action.move_to_location(round(x), round(y))
        builder.perform()


@pytest.fixture
def page(browser, address):
    return Page(browser, address)


def share(text):
    return float(text.removesuffix(" %")) / 100.0


# -- it learns -------------------------------------------------------------------------------------------------------


def test_moons_are_learned(page):
    page.open()
    page.set("optimizer", "adam")
    page.until(lambda: page.settings.optimizer == "adam")
    page.play_until(lambda: page.epoch > 20 and share(page.says("test-accuracy")) >= 0.95)
    assert share(page.says("test-accuracy")) >= 0.93  # an epoch or two may have passed until it paused
    assert page.settings.epoch == page.epoch
    assert page.says("test-accuracy") in page.find("#summary").get_attribute("textContent")


def test_a_spiral_is_learned_with_more_features_and_neurons(page):
    page.open()
    page.find(".tile input[value=spiral]").click()
    page.until(lambda: page.settings.data == "spiral")
    for name in ["feature-sinx1", "feature-sinx2", "more-0", "more-1"]:
        before = page.settings
        page.click(name)
        page.until(lambda before=before: page.settings != before)
    assert page.settings == Settings(data="spiral", features=("x1", "x2", "sinx1", "sinx2"), layers=(5, 3))
    page.play_until(lambda: share(page.says("test-accuracy")) >= 0.97)
    assert share(page.says("test-accuracy")) >= 0.9


def test_two_tabs_have_runs_of_their_own(page):
    page.open("layers=2")
    first = page.browser.current_window_handle
    page.click("step")
    page.until(lambda: page.epoch == 1)
    page.browser.switch_to.new_window("tab")
    try:
        page.open("data=xor&layers=3")
        assert page.epoch == 0
        page.play_until(lambda: page.epoch > 3)
        assert page.settings.data == "xor"
    finally:
        page.browser.close()
        page.browser.switch_to.window(first)
    assert page.epoch == page.settings.epoch == 1
    assert page.settings.data == "moons"
    page.click("step")
    page.until(lambda: page.epoch == 2)


# -- the address -----------------------------------------------------------------------------------------------------


def test_a_fresh_page_says_the_default_settings(page):
    page.open()
    assert page.settings == Settings()
    default = Settings()
    for name in [
        "noise",
        "train",
        "batch",
        "activation",
        "rate",
        "optimizer",
        "penalty",
        "strength",
        "problem",
        "seed",
    ]:
        assert page.find(f"[name={name}]").get_property("value") == str(getattr(default, name)), name
    assert page.find("[name=data]:checked").get_attribute("value") == default.data
    pressed = [f"feature-{name}" for name in default.features]
    assert [
        each.get_attribute("id") for each in page.browser.find_elements("css selector", "[aria-pressed=true]")
    ] == pressed
    assert [page.says(f"more-{k}") for k in range(len(default.layers))] == ["+", "+"]


def test_a_reload_restores_the_run(page):
    page.open("layers=3&rate=0.1")
    page.play_until(lambda: page.epoch >= 20)
    page.set("rate", "0.3")
    page.until(lambda: page.says("by-hand") == "1")
    page.play_until(lambda: page.epoch >= page.settings.events[0].epoch + 5)
    before, said = page.numbers, page.browser.current_url
    page.browser.refresh()
    page.until(lambda: page.says("state") == "Paused" and page.epoch > 0)
    assert page.numbers == before
    assert page.browser.current_url == said


def test_a_link_that_is_pasted_is_followed(page):
    page.open("seed=3")
    page.browser.execute_script("location.hash = 'data=circles&layers=5&epoch=4'")
    page.until(lambda: page.epoch == 4)
    assert page.find("[name=data]:checked").get_attribute("value") == "circles"
    assert page.find("#neuron-0-4").is_displayed()


def test_a_wrong_link_is_told(page):
    page.open("data=cats")
    assert "not 'cats'" in page.says("error")
    assert page.find("#error").get_attribute("role") == "alert"
    assert page.settings == Settings()
    page.click("dismiss")
    assert not page.find("#error").is_displayed()


CHANGES = {
    "noise": (lambda page: page.find("[name=noise]").send_keys(Keys.ARROW_RIGHT), lambda now: now.noise == 16),
    "train": (lambda page: page.find("[name=train]").send_keys(Keys.ARROW_RIGHT), lambda now: now.train == 55),
    "batch": (lambda page: page.find("[name=batch]").send_keys(Keys.HOME), lambda now: now.batch == 1),
    "data": (lambda page: page.find(".tile input[value=circles]").click(), lambda now: now.data == "circles"),
    "problem": (lambda page: page.set("problem", "regression"), lambda now: now.problem == "regression"),
    "activation": (lambda page: page.set("activation", "sigmoid"), lambda now: now.activation == "sigmoid"),
    "optimizer": (lambda page: page.set("optimizer", "rmsprop"), lambda now: now.optimizer == "rmsprop"),
    "rate": (lambda page: page.set("rate", "0.3"), lambda now: now.rate == 0.3 and not now.events),
    "penalty": (lambda page: page.set("penalty", "L2"), lambda now: now.penalty == "L2"),
    "strength": (lambda page: page.set("strength", "0.01"), lambda now: now.strength == 0.01),
    "more layers": (lambda page: page.click("more-layers"), lambda now: now.layers == (4, 2, 2)),
    "fewer layers": (lambda page: page.click("fewer-layers"), lambda now: now.layers == (4, 2)),
    "more neurons": (lambda page: page.click("more-0"), lambda now: now.layers == (5, 2)),
    "fewer neurons": (lambda page: page.click("fewer-1"), lambda now: now.layers == (5, 1)),
    "features": (lambda page: page.click("feature-x1x2"), lambda now: now.features == ("x1", "x2", "x1x2")),
    "seed": (
        lambda page: page.find("[name=seed]").send_keys(Keys.BACKSPACE, "7", Keys.ENTER),
        lambda now: now.seed == 7,
    ),
    "new seed": (lambda page: page.click("new-seed"), lambda now: now.seed != 7),
}


def test_every_control_changes_the_address(page):
    page.open()
    for name, (change, is_changed) in CHANGES.items():
        change(page)
        page.until(lambda is_changed=is_changed: is_changed(page.settings))
        assert page.epoch == 0, name
    assert page.says("noise-said") == "16 %"
    assert page.says("train-said") == "55 %"
    assert page.says("train-accuracy") == ""  # a number has none
    assert page.browser.find_elements("css selector", "#stopped:not([hidden]), #error:not([hidden])") == []
    kept = page.settings
    page.browser.refresh()
    page.until(lambda: page.says("state") == "Paused")
    assert page.settings == kept


def test_a_run_starts_again(page):
    page.open("layers=2&seed=4")
    start = page.numbers
    page.click("step")
    page.until(lambda: page.epoch == 1)
    assert page.numbers != start
    page.click("reset")
    page.until(lambda: page.epoch == 0)
    assert page.numbers == start


def test_a_run_that_diverges_says_what_to_try(page):
    page.open("rate=10&activation=relu&problem=regression&layers=8,8,8,8&batch=1")
    page.click("step")
    page.until(lambda: page.says("state") == "Stopped")
    assert page.says("stopped").startswith("Training stopped: ")
    assert "smaller learning rate" in page.says("stopped")
    assert not page.find("#play").is_enabled()
    page.set("rate", "0.001")
    page.until(lambda: page.says("state") == "Paused")
    assert not page.find("#stopped").is_displayed()


# -- by hand ---------------------------------------------------------------------------------------------------------


def test_a_weight_is_changed_by_hand(page):
    page.open("layers=2")
    page.click("step")
    page.until(lambda: page.epoch == 1)
    page.point_at("#weights path.hit")
    page.until(lambda: page.find("#weight").is_displayed())
    assert page.says("weight-name") == "x₁ → layer 0, neuron 0"
    old = page.find("#weight-value").get_property("value")
    assert old
    assert page.says("weight-gradient") not in ("", "0")
    ActionChains(page.browser).click().perform()
    assert page.browser.switch_to.active_element.get_attribute("id") == "weight-value"
    page.press(Keys.CONTROL + "a", Keys.NULL, "-2.5", Keys.ENTER)
    page.until(lambda: page.says("by-hand") == "1")
    (event,) = page.settings.events
    assert event == (1, "weight", (0, 0, 0), -2.5)
    assert page.says("widest") == "2.5"
    assert page.find("#weights path").get_attribute("class") == "neg"
    page.press(Keys.ENTER)  # the focus went back to the line
    assert page.find("#weight-value").get_property("value") == "-2.5" != old
    page.press(Keys.ESCAPE)  # back to the line, whose number still shows
    assert page.browser.switch_to.active_element.get_attribute("class") == "hit held"
    page.press(Keys.ESCAPE)
    assert not page.find("#weight").is_displayed()


def test_a_bias_is_changed_with_keys_alone(page):
    page.open("layers=2")
    page.browser.execute_script("document.querySelector('#weights [tabindex=\"0\"]').focus()")
    page.press(Keys.ARROW_DOWN)
    page.press(Keys.ARROW_DOWN)
    assert page.says("weight-name") == "bias of layer 0, neuron 0"
    assert page.browser.switch_to.active_element.get_attribute("aria-label").startswith("bias layer 0, neuron 0: ")
    page.press(Keys.ENTER)
    page.press("0.75", Keys.ENTER)
    page.until(lambda: page.says("by-hand") == "1")
    assert page.settings.events == ((0, "weight", (0, 0, 2), 0.75),)


def test_the_rate_is_changed_within_a_run(page):
    page.open("layers=2")
    page.click("step")
    page.until(lambda: page.epoch == 1)
    page.set("rate", "0.1")
    page.until(lambda: page.says("by-hand") == "1")
    assert page.epoch == 1
    assert page.settings.events == ((1, "rate", (), 0.1),)


# -- a look inside ---------------------------------------------------------------------------------------------------


@needs_dot
def test_a_neuron_is_looked_into(page):
    page.open("layers=3,2&epoch=2")
    page.click("neuron-0-1")
    page.until(lambda: page.find("#look").is_displayed())
    assert page.says("look-title") == "Inside layer 0, neuron 1"
    assert "training point 0 " in page.says("look-about")
    drawing = page.find("#drawing")
    page.until(lambda: drawing.get_property("naturalWidth") > 100)
    page.browser.switch_to.frame(page.find("#steps"))
    page.until(lambda: "Backpropagation" in page.find("body").text)
    page.browser.switch_to.default_content()
    shown = drawing.get_attribute("src")
    page.click("later")
    page.until(lambda: "training point 1 " in page.says("look-about"))
    assert drawing.get_attribute("src") != shown
    page.press(Keys.ESCAPE)
    page.until(lambda: not page.find("#look").is_displayed())
    assert page.browser.switch_to.active_element.get_attribute("id") == "neuron-0-1"


@needs_dot
def test_a_point_of_the_plane_is_looked_at(page):
    page.open("layers=2")
    page.find("#points [data-sample='7']").click()
    page.until(lambda: page.find("#look").is_displayed())
    assert page.says("look-title") == "Inside the output"
    number = page.find("#sample").get_property("value")
    assert f"training point {number} " in page.says("look-about")
    page.click("close-look")
    assert page.find("circle.ring").get_attribute("visibility") == "visible"


# -- one's own data --------------------------------------------------------------------------------------------------


def test_own_data_are_loaded_and_bad_ones_are_told(page, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("a,b,kind\n" + "".join(f"{k % 5},{k // 5},{'cat' if k % 5 > 2 else 'dog'}\n" for k in range(25)))
    bad.write_text("a,b,kind\n1,2,cat\n3,4\n")
    page.open()
    page.find(".tile input[value=own]").click()
    page.find("#own-file").send_keys(str(bad))
    page.until(lambda: page.find("#error").is_displayed())
    assert page.says("error-text") == "line 3 has 2 cells, but line 1 has 3"
    assert page.settings.data == "moons"
    page.find("#own-file").send_keys(str(good))
    page.until(lambda: page.settings.data == "own")
    assert len(page.settings.own) == 25
    assert not page.find("#error").is_displayed()
    assert len(page.browser.find_elements("css selector", "#points .point")) == 25


# -- how it is used --------------------------------------------------------------------------------------------------


def test_it_is_played_with_keys_alone(page):
    page.open("layers=2")
    body = page.find("body")
    body.send_keys(Keys.SPACE)
    page.until(lambda: page.epoch > 0)
    body.send_keys(Keys.SPACE)
    page.until(lambda: page.says("state") == "Paused")
    epoch = page.epoch
    body.send_keys("s")
    page.until(lambda: page.epoch == epoch + 1)
    body.send_keys("r")
    page.until(lambda: page.epoch == 0)


def test_every_part_is_reached_with_tab_and_shows_the_focus(page):
    page.open("layers=2")
    reached, outlines = [], set()
    for _ in range(60):
        page.press(Keys.TAB)
        focused = page.browser.switch_to.active_element
        name = focused.get_attribute("id") or focused.get_attribute("name") or focused.get_attribute("class")
        if name in reached:
            break
        reached.append(name)
        outlines.add(page.browser.execute_script("return getComputedStyle(arguments[0]).outlineStyle", focused))
    expected = {
        "reset",
        "play",
        "step",
        "problem",
        "rate",
        "data",
        "noise",
        "seed",
        "new-seed",
        "more-layers",
        "fewer-0",
    }
    assert expected | {"feature-sinx2", "neuron-0-1", "neuron-1-0", "test-points"} <= set(reached)
    assert "hit held" in reached  # the first weight
    assert outlines <= {"solid", "none"}


KEPT_SOCKET = """
const made = WebSocket;
window.WebSocket = class extends made { constructor(...given) { super(...given); window.kept = this; } };
"""


def test_a_lost_connection_is_told_and_taken_up_again(page):
    page.open("layers=2&seed=9&epoch=3")
    script = page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": KEPT_SOCKET})
    try:
        page.browser.refresh()
        page.until(lambda: page.says("state") == "Paused" and page.epoch == 3)
        before = page.numbers
        page.browser.execute_script("window.kept.close()")
        page.until(lambda: page.find("#lost").is_displayed())
        page.click("reconnect")
        page.until(lambda: page.says("state") == "Paused")
        assert page.numbers == before
        assert not page.find("#lost").is_displayed()
    finally:
        page.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


@needs_dot
def test_no_request_leaves_this_machine(page):
    page.browser.get_log("performance")
    page.browser.get_log("browser")
    page.open("layers=2&epoch=2")
    page.click("neuron-0-0")
    page.until(lambda: page.find("#look").is_displayed())
    asked = []
    for entry in page.browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
        if message["method"] == "Network.webSocketCreated":
            asked.append(message["params"]["url"].replace("ws:", "http:"))
    assert {page.address + name for name in ["playground.css", "playground.js", "socket"]} <= set(asked)
    own = (page.address, "data:", "blob:", "about:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert [entry["message"] for entry in page.browser.get_log("browser")] == []


@pytest.mark.parametrize("width", [320, 400, 1024, 1280])
def test_nothing_reaches_beyond_the_screen(page, width):
    page.open("layers=8,8,8,8,8,8", width)
    assert page.browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(page, scheme):
    page.open("problem=regression&layers=3,2", scheme=scheme)
    # what is disabled needs none
    page.browser.execute_script("for (const each of document.querySelectorAll(':disabled')) each.remove()")
    ratios = page.browser.execute_script(CONTRAST)
    assert len(ratios) > 40
    assert [(ratio, text) for ratio, text in ratios if ratio < 4.5] == []  # WCAG 2.2, level AA


@needs_dot
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, scheme):
    axe = pytest.importorskip("axe_core_python.selenium", reason="axe is not installed")
    page.open("layers=3,2&epoch=2", scheme=scheme)
    assert axe.Axe().run(page.browser)["violations"] == []
    page.click("neuron-0-1")
    page.until(lambda: page.find("#look").is_displayed())
    assert axe.Axe().run(page.browser)["violations"] == []
