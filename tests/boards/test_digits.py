"""The whole way without a board: the real driver classifies digits on the simulated board.

The command line is given the pseudo-terminal as the serial port; UART, host link and core are
simulated bit by bit.
"""

import json
import sys

import numpy as np
import pytest

from spikewright.boards.driver import open_board
from spikewright.boards.simulated import SimulatedBoard
from spikewright.cli.main import run
from spikewright.hdl.tinyodin.config import TinyOdinConfig
from spikewright.hdl.tinyodin.core import TinyOdin
from spikewright.sim.model import open_model
from spikewright.sim.task.catalogue import find_task

CONFIG = TinyOdinConfig()


@pytest.fixture(scope="module")
def board():
    with SimulatedBoard(TinyOdin(CONFIG)) as simulated:
        yield simulated


def on_both(board, samples):
    task, _ = find_task("digits", "tinyodin")
    with open_board(CONFIG, board.port) as device:
        found = task.perform(device, samples=samples)
    return found, task.perform(open_model(CONFIG), samples=samples)


def check(found, expected):
    assert len(found.output_events) == len(expected.output_events) > 0
    for words, wanted in zip(found.output_events, expected.output_events, strict=True):
        np.testing.assert_array_equal(words, wanted)
    assert found.accuracy == expected.accuracy


def test_first_digits_as_on_the_model(board):
    found, expected = on_both(board, 20)
    check(found, expected)
    assert found.correct == 18


@pytest.mark.slow
def test_all_digits_as_on_the_model(board):
    found, expected = on_both(board, None)
    check(found, expected)
    assert found.samples == 899
    assert found.correct == 867


def test_command_line(board, monkeypatch, capsys):
    command = ["spikewright", "run", "digits", "--on", "board", "--port", board.port]
    monkeypatch.setattr(sys, "argv", [*command, "--samples", "5", "--json"])
    with pytest.raises(SystemExit) as stop:
        run()
    assert stop.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert report["on"] == "board"
    assert report["samples"] == 5
    assert report["accuracy"] == 1.0
