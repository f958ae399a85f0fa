"""What is settled when a run starts does not hang on what else the machine does."""

import time

from tersenet.runs.settle import _seconds


def test_what_a_processor_waits_does_not_count_in_the_measurement_of_bfloat16():
    class Waiting:
        """A matrix whose product takes a wait, as on a processor that others keep busy."""

        def __matmul__(self, other):
            time.sleep(0.01)

    assert _seconds(Waiting(), "cpu") < 0.005
