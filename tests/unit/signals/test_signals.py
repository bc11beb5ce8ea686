"""A signal that comes in a bad moment is answered right behind it, once, by who would have."""

from __future__ import annotations

import signal
import threading

import pytest

from drydock import signals


class Came(Exception):
    """What the handler of these tests raises."""


@pytest.fixture(autouse=True)
def handlers():
    """A handler that raises, for every signal that ends programs."""

    def answer(number, _):
        raise Came(signal.Signals(number).name)

    before = {number: signal.signal(number, answer) for number in signals.ENDING}
    yield answer
    for number, handler in before.items():
        signal.signal(number, handler)


def _held(*steps):
    with signals.held_back():
        for step in steps:
            step()


@pytest.mark.parametrize("number", signals.ENDING)
def test_f27_it_is_answered_behind_the_block_which_has_ended(number, handlers):
    """By the handler that was there, which is there again."""
    done = []
    with pytest.raises(Came, match=number.name):
        _held(lambda: signal.raise_signal(number), lambda: done.append(True))
    assert done == [True]
    assert signal.getsignal(number) is handlers


def test_nothing_comes_where_nothing_came(handlers):
    """The usual case."""
    with signals.held_back():
        pass
    assert signal.getsignal(signal.SIGTERM) is handlers


def test_several_are_answered_once():
    """The first one; the way back is walked once."""
    with pytest.raises(Came, match="SIGHUP"):
        _held(*(lambda each=each: signal.raise_signal(each) for each in (signal.SIGHUP, 15)))


def test_an_error_of_the_block_gives_the_handlers_back(handlers):
    """Whatever went wrong there."""
    with pytest.raises(ZeroDivisionError), signals.held_back():
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is handlers


def test_a_started_process_can_be_asked_to_end():
    """No signal is blocked, which it would inherit."""
    with signals.held_back():
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()


def test_in_another_thread_it_does_nothing(handlers):
    """Only the main thread is interrupted by signals, and may exchange handlers."""
    seen = []

    def work():
        with signals.held_back():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handlers]
