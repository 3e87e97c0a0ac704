"""Signals: the first asks, the second ends; afterwards all is as before."""

import os
import signal

import pytest

from mood_platform.cli.stopping import ENDING, stopping


@pytest.mark.parametrize("number", ENDING, ids=lambda one: one.name)
def test_the_first_asks_and_the_second_ends(number: signal.Signals) -> None:
    """Also where the tests run in the background, whose shell has SIGINT ignored."""
    usual = signal.default_int_handler
    before = signal.signal(number, usual)
    try:
        with stopping() as stop:
            assert not stop.asked()
            os.kill(os.getpid(), number)
            assert (stop.asked(), stop.exit_code) == (True, 128 + number)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), number)
        assert signal.getsignal(number) is usual
    finally:
        signal.signal(number, before)


def test_under_nohup_a_closed_terminal_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopping() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.asked()
    finally:
        signal.signal(signal.SIGHUP, before)
