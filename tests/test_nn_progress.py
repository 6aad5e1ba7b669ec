"""Progress: a bar in a terminal, one line at the end everywhere else."""

from __future__ import annotations

import os
import re
import shutil
import sys

from nn.progress import Progress


def be_a_terminal(monkeypatch):
    """Let the error stream be a terminal of 60 columns."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((60, 20)))


def drawn(err):
    """Return the states of a bar, one after the other."""
    return [state.rstrip() for state in re.split(r"[\r\n]+", err) if state.strip()]


def run(progress):
    with progress:
        for epoch in (1, 2):
            for _ in range(3):
                progress.advance(1 / 3)
            progress.tell(epoch, f"loss {epoch}")


def test_without_a_terminal_the_last_epoch_is_one_line(capsys):
    run(Progress(4))
    assert capsys.readouterr() == ("", "epoch 2/4: loss 2\n")


def test_without_a_finished_epoch_there_is_nothing_to_say(capsys):
    with Progress(4) as progress:
        progress.start(1)
        progress.advance(0.5)
    assert capsys.readouterr() == ("", "")


def test_what_is_not_to_be_shown_is_shown_nowhere(capsys, monkeypatch):
    run(Progress(4, shown=False))
    be_a_terminal(monkeypatch)
    run(Progress(4, shown=False))
    assert capsys.readouterr() == ("", "")


def test_in_a_terminal_the_bar_ends_where_the_run_does(capsys, monkeypatch):
    be_a_terminal(monkeypatch)
    run(Progress(4))
    out, err = capsys.readouterr()
    states = drawn(err)
    assert out == ""
    assert states[0].startswith("epoch 0/4   0 %|          | 00:00, ? left")
    assert re.fullmatch(r"epoch 2/4  50 %\|█████     \| \d\d:\d\d, \d\d:\d\d left, loss 2", states[-1])
    assert all(len(state) <= 60 for state in states)


def test_quick_epochs_are_not_drawn_one_by_one(capsys, monkeypatch):
    be_a_terminal(monkeypatch)
    with Progress(100) as progress:
        for epoch in range(1, 101):
            progress.tell(epoch, f"loss {epoch}")
    states = drawn(capsys.readouterr().err)
    assert states[-1].startswith("epoch 100/100 100 %|██████████|")
    assert len(states) <= 20


def test_a_resumed_run_begins_where_it_was(capsys, monkeypatch):
    be_a_terminal(monkeypatch)
    for done, shown in ((0, "epoch 0/4   0 %|          |"), (3, "epoch 3/4  75 %|███████▌  |")):
        with Progress(4) as progress:
            progress.start(done)
        states = drawn(capsys.readouterr().err)
        assert states[-1].startswith(shown)
        assert not any(state.startswith("epoch 3/4   0 %") for state in states)
