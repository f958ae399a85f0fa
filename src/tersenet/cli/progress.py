"""Progress of a download and of a training: a bar while it runs, a line after an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress as Bar,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tersenet.cli.curve import curve_line
from tersenet.cli.next_steps import resume_command
from tersenet.cli.output import Output, say_notices

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tersenet.data import Dataset, Progress as Download
    from tersenet.runs import Listeners, Run
    from tersenet.training import BatchProgress, EpochMetrics


class TrainingProgress:
    """Shows a training on an output; a context manager whose `listeners` are handed to `start_run`."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._epochs = 0
        self._run: Run | None = None
        self._pictures = 0
        self._kind = "test"
        self._rate: float | None = None
        self._best = 0.0
        self._downloads = ExitStack()  # the bars of a download are gone before the bar of an epoch comes
        self._accuracies: list[float] = []
        self._seconds: list[float] = []
        # A bar needs a terminal; elsewhere the lines after the epochs are enough.
        columns = {  # and how wide the terminal must be for each
            TextColumn("epoch {task.fields[epoch]}"): 0,
            BarColumn(bar_width=None): 60,
            TextColumn("{task.completed:>3.0f}/{task.total:.0f}"): 0,
            TextColumn("loss {task.fields[loss]:.4f}  {task.fields[accuracy]:.2f} %"): 50,
            TextColumn("rate {task.fields[learning_rate]:.2g}"): 95,
            TextColumn("{task.fields[speed]}"): 115,
            TimeRemainingColumn(): 0,
        }
        self._bar = _BarAndCurve(
            self._curve,
            columns,
            console=output.console,
            disable=not output.console.is_terminal,
        )

    @property
    def listeners(self) -> Listeners:
        """What to hand to `start_run` or `resume_run`."""
        from tersenet.runs import Listeners

        return Listeners(
            on_download=self._downloads.enter_context(download_progress(self._output)),
            on_start=self._started,
            on_batch=self._batch_done,
            on_epoch=self._epoch_done,
        )

    def __enter__(self) -> Self:
        self._task = self._bar.add_task(
            "", total=1, visible=False, epoch="", loss=0.0, accuracy=0.0, learning_rate=0.0, speed=""
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._downloads.close()
        self._bar.stop()
        if isinstance(value, KeyboardInterrupt) and self._run:
            self._output.say(f"continue with: {resume_command(self._run)}")

    def _started(self, run: Run, dataset: Dataset) -> None:
        self._downloads.close()
        self._run = run
        from tersenet.networks import NETWORKS
        from tersenet.runs import CHOSEN

        experiment = run.experiment
        say = self._output.say
        say_notices(dataset, self._output)
        say(f"network   {experiment.network}")
        if experiment.notation and experiment.notation != experiment.network:
            say(f"          {experiment.notation}")
            known = NETWORKS.get(experiment.network.lower())
            if known is not None and known.notation != experiment.notation:
                say(f"          its last layer has {len(dataset.classes)} outputs here, one per class")
        held_out = f", {experiment.validation:,} of them held out" if experiment.validation else ""
        say(
            f"data      {dataset.name}: {len(dataset.train):,} training images{held_out}, "
            f"{len(dataset.test):,} test images"
        )
        for line in experiment.choices:
            if line.startswith(CHOSEN):
                say(f"recipe    {line.removeprefix(CHOSEN)} (chosen by the data)")
        settings = experiment.settings
        say(f"device    {run.environment.device}, {experiment.arithmetic}")
        from tersenet.runs import busy_notice

        busy = busy_notice(settings)
        if busy:
            say(busy, style="bold yellow")
        say(f"run       {run.path}")
        say("each epoch: accuracy and loss; ↓ the learning rate dropped, ★ the best so far")
        self._kind = "validation" if experiment.validation else "test"
        self._accuracies = [row.held_out_accuracy for row in run.metrics]
        self._bar.start()
        self._epochs = experiment.training.epochs
        self._pictures = len(dataset.test) if not experiment.validation else experiment.validation

    def _batch_done(self, epoch: int, batches: int, progress: BatchProgress) -> None:
        if progress.batch == 0:
            self._bar.reset(self._task, total=batches, visible=True)
        elapsed = self._bar.tasks[0].elapsed
        self._bar.update(
            self._task,
            completed=progress.batch + 1,
            epoch=f"{epoch}/{self._epochs}",
            loss=progress.loss,
            accuracy=progress.accuracy,
            learning_rate=progress.learning_rate,
            speed=f"{progress.images / elapsed:,.0f} images/s" if elapsed else "",
        )

    def _epoch_done(self, row: EpochMetrics) -> None:
        kind = "test" if row.validation_accuracy is None else "validation"
        loss = row.test_loss if row.validation_loss is None else row.validation_loss
        correct = round(row.held_out_accuracy * self._pictures / 100)
        self._bar.update(self._task, visible=False)
        self._accuracies.append(row.held_out_accuracy)
        self._seconds.append(row.seconds)
        self._output.say(
            f"epoch {row.epoch:>{len(str(self._epochs))}}/{self._epochs}  train {row.train_accuracy:.2f} % "
            f"{row.train_loss:.4f}  {kind} {correct}/{self._pictures} ({row.held_out_accuracy:.2f} %) {loss:.4f}  "
            f"{row.seconds:.1f} s{self._marks(row)}"
        )

    def _curve(self) -> str:
        """The accuracies of the epochs that are done, and how long the others will take; empty before the second."""
        console, done = self._output.console, self._accuracies
        left = self._epochs - len(done)
        if len(done) < 2 or not left:
            return ""
        before, after = f"{self._kind} {done[0]:.2f} ", f" {done[-1]:.2f} %"
        if self._seconds:
            after += f"   about {_duration(left * sum(self._seconds) / len(self._seconds))} for {left} more"
        room = console.width - len(before) - len(after) - 1
        return f"{before}{curve_line(done, min(room, 60), encoding=console.encoding)}{after}" if room >= 8 else ""

    def _marks(self, row: EpochMetrics) -> str:
        """The marks at the end of an epoch's line."""
        dropped = self._rate is not None and row.learning_rate <= 0.5 * self._rate
        best = row.held_out_accuracy > self._best
        self._rate, self._best = row.learning_rate, max(self._best, row.held_out_accuracy)
        return " " * (dropped or best) + "↓" * dropped + "★" * best


class _BarAndCurve(Bar):
    """The bar of an epoch, and under it the curve of those before; on a narrow terminal the last columns give way."""

    def __init__(
        self, curve: Callable[[], str], columns: dict[ProgressColumn, int], *, console: Console, disable: bool
    ) -> None:
        self._line, self._widths, self._terminal = curve, columns, console
        super().__init__(*columns, console=console, transient=True, disable=disable)

    def get_renderables(self) -> Iterable[RenderableType]:
        """Both, from top to bottom."""
        self.columns = tuple(column for column, width in self._widths.items() if self._terminal.width >= width)
        yield from super().get_renderables()
        if any(task.visible for task in self.tasks) and (line := self._line()):
            yield Text(line, style="dim", no_wrap=True)


def _duration(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes.

    >>> _duration(19), _duration(75), _duration(7500)
    ('19 s', '1:15 min', '2:05 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02} min" if whole < 3600 else f"{whole // 3600}:{whole // 60 % 60:02} h"


@contextmanager
def download_progress(output: Output) -> Iterator[Download]:
    """Something to hand to `load_data` as `progress`: shows one bar per file on a terminal, elsewhere one line."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bars = Bar(*columns, console=output.console, transient=True, disable=not output.console.is_terminal)
    tasks: dict[str, TaskID] = {}

    def progress(name: str, done: int, total: int | None) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(name, total=total)
            if bars.disable:
                output.say(f"fetching {name}" + (f", {total / 1e6:.1f} MB" if total else ""))
        bars.update(tasks[name], completed=done, total=total)

    with bars:
        yield progress
