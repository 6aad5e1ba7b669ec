"""Labels from the names of variables, and values that draw themselves in notebooks."""

from __future__ import annotations

import pytest

from autograd import Tape, Value, name, no_grad, sin
from autograd.show import render


def test_local_names_become_labels():
    w1, w2 = Value(2.0), Value(3.0)
    g = w1**3 * w2 + 3 * w1
    name(locals())
    assert [w1.label, w2.label, g.label] == ["w1", "w2", "g"]
    assert str(Tape.of(g)).splitlines()[-1].startswith("g ")


def test_labels_that_are_there_stay():
    x = Value(1.0, label="mine")
    y = x * 2.0
    z = y
    name({"x": x, "first": y, "second": z, "number": 3.0, "text": "x", "none": None})
    assert (x.label, y.label, z.label) == ("mine", "first", "first")


def test_lists_are_labelled_by_position():
    w = [[Value(1.0), Value(2.0)], (Value(3.0), 4.0)]
    b = Value(5.0)
    name({"w": w, "b": b, "again": [b]})
    assert [each.label for each in w[0]] == ["w[0][0]", "w[0][1]"]
    assert w[1][0].label == "w[1][0]"
    assert b.label == "b"


def test_lists_are_labelled_three_deep():
    w, deeper = [[[Value(1.0)], [Value(2.0)]]], [[[[Value(3.0)]]]]
    name({"w": w, "deeper": deeper})
    assert w[0][1][0].label == "w[0][1][0]"
    assert deeper[0][0][0][0].label is None


def test_lists_that_contain_themselves_end():
    endless = [Value(1.0)]
    endless.append(endless)
    name({"endless": endless})
    assert endless[0].label == "endless[0]"


def test_private_names_and_constants_are_left_out():
    x = Value(1.0)
    with no_grad():
        constant = x * 2.0
    name({"_": x, "_hidden": x, 3: x, "constant": constant})
    assert x.label is None
    assert constant.label is None


@pytest.mark.parametrize("names", [None, [("x", 1.0)], "x"])
def test_names_are_a_dictionary(names):
    with pytest.raises(TypeError, match="names is a dictionary of names, such as locals"):
        name(names)


# -- in notebooks ----------------------------------------------------------------------------------------------------


def test_a_value_draws_itself(monkeypatch):
    monkeypatch.setattr(render, "find_dot", lambda *arguments: "dot")
    monkeypatch.setattr(render, "_run", lambda dot, form, source: f"{form} of {len(source)}".encode())
    y = sin(Value(0.5, label="x"))
    bundle, _ = y._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "image/png", "text/plain"}
    assert bundle["text/plain"] == repr(y)
    assert bundle["image/svg+xml"].startswith("svg of")


def test_without_a_renderer_a_value_is_its_text(monkeypatch):
    def missing(*arguments):
        raise FileNotFoundError("no dot")

    monkeypatch.setattr(render, "find_dot", missing)
    y = sin(Value(0.5))
    assert y._repr_mimebundle_() == {"text/plain": repr(y)}


def test_what_cannot_be_drawn_is_its_text():
    y = Value(1.0)
    for _ in range(200):
        y = sin(y)
    assert y._repr_mimebundle_() == {"text/plain": repr(y)}
    with no_grad():
        assert set((y * 1.0)._repr_mimebundle_()) == {"text/plain"}
