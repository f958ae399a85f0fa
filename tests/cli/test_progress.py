"""What a training shows while it runs: at every width the time left is there, and nothing is cut."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from tersenet.cli.output import Output
from tersenet.cli.progress import TrainingProgress
from tersenet.training import BatchProgress, EpochMetrics


def shown(width, epochs=3, encoding="utf-8"):
    """The lines of the bar and the curve in the middle of the epoch after `epochs` done ones, of ten."""
    output = Output(json=False)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    output.console = Console(width=width, file=stream, force_terminal=True, color_system=None, highlight=False)
    with TrainingProgress(output) as progress:
        progress._epochs, progress._pictures = 10, 10_000
        for epoch in range(1, epochs + 1):
            progress._epoch_done(row(epoch))
        for batch in (0, 299):
            seen = BatchProgress(batch=batch, learning_rate=0.1234, loss=0.1234, accuracy=97.55, images=128 * batch)
            progress._batch_done(epochs + 1, 469, seen)
        screen = Console(width=width, file=io.StringIO(), color_system=None)
        screen.print(progress._bar)
        return screen.file.getvalue().splitlines()


def row(epoch):
    return EpochMetrics(
        epoch=epoch,
        learning_rate=0.1,
        train_loss=0.5 / epoch,
        train_accuracy=95.0 + epoch,
        test_loss=0.1 / epoch,
        test_accuracy=97.0 + epoch / 10,
        seconds=12.0,
        images_per_second=5000.0,
    )


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_nothing_is_cut_and_the_time_left_is_always_there(width):
    lines = shown(width)
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    assert "epoch 4/10" in lines[0]
    assert "300/469" in lines[0]
    assert lines[0].rstrip()[-7:].count(":") == 2  # 0:00:12, or -:--:-- before it can be told
    assert ("rate 0.12" in lines[0]) == (width >= 95)
    assert ("images/s" in lines[0]) == (width >= 115)


def test_the_curve_has_a_mark_for_each_epoch_and_says_how_long_the_rest_takes():
    line = shown(80, epochs=4)[1]
    assert line.startswith("test 97.10 ▁▃▆█ 97.40 %")
    assert "about 1:12 min for 6 more" in line


def test_the_curve_is_plain_where_the_encoding_wants_it():
    line = shown(80, epochs=4, encoding="ascii")[1]
    assert line.isascii()
    assert line.startswith("test 97.10 _-+# 97.40 %")


def test_one_epoch_makes_no_curve():
    assert len(shown(80, epochs=1)) == 1


def test_a_missing_run_says_no_resume_command():
    output = Output(json=False)
    output.console = Console(file=io.StringIO())
    with pytest.raises(KeyboardInterrupt), TrainingProgress(output):
        raise KeyboardInterrupt
    assert output.console.file.getvalue() == ""


def test_an_interrupted_run_says_the_command_that_continues_it(tmp_path):
    output = Output(json=False)
    output.console = Console(file=io.StringIO(), width=200)
    progress = TrainingProgress(output)
    progress._run = SimpleNamespace(name="my run-1", path=tmp_path / "my runs" / "my run-1")
    with pytest.raises(KeyboardInterrupt), progress:
        raise KeyboardInterrupt
    said = output.console.file.getvalue()
    assert said == f"continue with: tersenet train --resume 'my run-1' --runs-dir '{tmp_path / 'my runs'}'\n"
