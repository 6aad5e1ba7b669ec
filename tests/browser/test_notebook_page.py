"""Pictures and steppers in a notebook: executed, exported to HTML, opened in a real browser with and without trust.

It needs Selenium, nbconvert and ipykernel (`pip install "tapegrad[browser]"`), and Chromium or Chrome with its driver;
otherwise it is skipped.
"""

from __future__ import annotations

import pytest

from tests.test_cli import needs_dot

pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
nbconvert = pytest.importorskip("nbconvert", reason="nbconvert is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

from tests.browser.test_report_page import browser  # noqa: E402 # it needs Selenium

__all__ = ["browser"]

pytestmark = needs_dot

CELLS = """
from autograd import Value, name, step_through, draw
w1, w2 = Value(2.0), Value(3.0)
g = w1**3 * w2 + 3 * w1
name(locals())
g
---
draw(g, theme="dark")
---
step_through(g)
---
from nn import MLP
MLP(2, [3, 1])
"""


@pytest.fixture(scope="module")
def notebook():
    cells = [nbformat.v4.new_code_cell(text.strip()) for text in CELLS.split("---")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


@pytest.fixture(scope="module")
def address(notebook, tmp_path_factory):
    exporter = nbconvert.HTMLExporter()
    exporter.mathjax_url = exporter.require_js_url = exporter.jquery_url = ""
    path = tmp_path_factory.mktemp("notebook") / "lesson.html"
    path.write_text(exporter.from_notebook_node(notebook)[0], "utf-8")
    return path.as_uri()


def outputs(notebook, cell):
    (output,) = [each for each in notebook.cells[cell].outputs if "data" in each]
    return output.data


def test_values_and_drawings_come_as_svg_and_png(notebook):
    for cell in (0, 1):
        data = outputs(notebook, cell)
        assert {"image/svg+xml", "image/png", "text/plain"} <= set(data)
    assert outputs(notebook, 0)["text/plain"].startswith("Value(data=30.0")
    assert "image/svg+xml" in outputs(notebook, 3)


def test_the_stepper_works_in_an_exported_notebook(browser, address):
    browser.get(address)
    (frame,) = browser.find_elements("css selector", "iframe[srcdoc]")
    browser.switch_to.frame(frame)
    try:
        radios = browser.find_elements("css selector", "input[type=radio]")
        assert len(radios) == 12
        browser.execute_script("arguments[0].click()", radios[-1])
        shown = [each.text for each in browser.find_elements("css selector", ".told > p") if each.is_displayed()]
        assert len(shown) == 1
        assert "3 + 36 = 39" in shown[0]
    finally:
        browser.switch_to.default_content()


def test_without_frames_and_styles_the_steps_are_a_table(browser, address):
    browser.get(address)
    assert not any(each.is_displayed() for each in browser.find_elements("css selector", "table"))
    browser.execute_script(
        "document.querySelectorAll('iframe, .jp-OutputArea-output style').forEach(each => each.remove())"
    )
    tables = [each for each in browser.find_elements("css selector", "table") if each.is_displayed()]
    assert any("3 + 36 = 39" in each.text for each in tables)
    images = browser.find_elements("css selector", "img[src^='data:image/png']")
    assert any(each.is_displayed() and each.size["width"] > 100 for each in images)
