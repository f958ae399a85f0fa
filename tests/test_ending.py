"""A signal ends a training even where Python drops the exception that the signal raised."""

import os
import signal
import weakref

import pytest

from tersenet._ending import AskedToEnd, clean_end, raise_if_asked


class Thing:
    pass


@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, AskedToEnd)])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_inside_a_finaliser_is_raised_at_the_next_batch(number, kind):
    with clean_end():
        thing = Thing()
        weakref.finalize(thing, os.kill, os.getpid(), number)
        del thing  # the handler runs inside the finaliser: Python prints the exception and drops it
        with pytest.raises(kind):
            raise_if_asked()


def test_without_a_signal_nothing_is_raised_and_a_handled_one_is_not_kept():
    with clean_end():
        raise_if_asked()
    with pytest.raises(KeyboardInterrupt), clean_end():
        os.kill(os.getpid(), signal.SIGINT)
    raise_if_asked()
