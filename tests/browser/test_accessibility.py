"""Pages and pictures that everybody can read: checked by axe, in light and dark, in a real browser.

It needs Selenium and axe (`pip install "tapegrad[browser]"`), and Chromium or Chrome with its driver; otherwise it is
skipped.
"""

from __future__ import annotations

import pytest

from autograd import Value, draw, sin, step_through
from nn import MLP, SGD, fit, moons, network_diagram, report
from tests.test_cli import needs_dot
from tests.test_show import example

pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
axe = pytest.importorskip("axe_core_python.selenium", reason="axe is not installed")

from tests.browser.test_report_page import browser  # noqa: E402 # it needs Selenium

__all__ = ["browser"]

PAGE = "<!DOCTYPE html><html lang=en><title>{}</title><main><h1>{}</h1>{}</main></html>"


def modes():
    x, y = Value(1.5, label="x"), Value(0.5, label="y")
    return sin(x) + x * y


def write_stepper(path):
    step_through(example()).save(path)


def write_forward_stepper(path):
    step_through(modes(), mode="forward", seed="x").save(path)


def write_training_report(path):
    data = moons(40, seed=1)
    model = MLP(2, [4, 2], "tanh", seed=1)
    optimizer = SGD(model.parameters(), 0.1)
    history = fit(
        model, *data[:2], loss="softmax_cross_entropy", optimizer=optimizer, epochs=3, batch_size=8, progress=False
    )
    report(history, title="Moons").save(path)


def write_drawing(path):
    svg = draw(example()).svg
    path.write_text(PAGE.format("A drawing", "A drawing", svg[svg.index("<svg") :]), "utf-8")


def write_diagram(path):
    diagram = network_diagram(MLP(2, [3, 1], "tanh", seed=1), inputs=[0.5, -1.0])
    path.write_text(PAGE.format("A network", "A network", diagram.svg), "utf-8")


PAGES = {
    "stepper": write_stepper,
    "forward stepper": write_forward_stepper,
    "report": write_training_report,
    "drawing": write_drawing,
    "diagram": write_diagram,
}


def violations(browser):
    """Return what axe finds wrong, as one line each."""
    found = axe.Axe().run(browser)["violations"]
    return [f"{rule['id']}: {rule['help']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def in_scheme(browser, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@needs_dot
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(page, scheme, browser, tmp_path):
    path = tmp_path / "page.html"
    PAGES[page](path)
    in_scheme(browser, scheme)
    browser.get(path.as_uri())
    try:
        assert violations(browser) == []
        radios = browser.find_elements("css selector", "input[type=radio]")
        for radio in radios[len(radios) // 2 :: 4]:  # some of the later steps
            browser.execute_script("arguments[0].click()", radio)
            assert violations(browser) == []
    finally:
        in_scheme(browser, "light")


@needs_dot
def test_axe_finds_what_is_wrong(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<!DOCTYPE html><title>x</title><p style='color:#ccc;background:#fff'>pale</p><img src=x>", "utf-8")
    browser.get(path.as_uri())
    found = " ".join(violations(browser))
    for rule in ("color-contrast", "image-alt", "html-has-lang"):
        assert rule in found
