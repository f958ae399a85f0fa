"""Several seeds of one experiment, as `tersenet train --seeds N` shows them."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress as Bar, TextColumn, TimeRemainingColumn

from tersenet.cli.main import BUDGET_MISSED, DONE
from tersenet.cli.next_steps import open_report, resume_command, say_budget, say_next_steps, say_report
from tersenet.cli.output import Output
from tersenet.cli.progress import download_progress

if TYPE_CHECKING:
    from tersenet.data import Dataset
    from tersenet.runs import Experiment, Group, GroupListeners, GroupRecord, Run, Where
    from tersenet.training import EpochMetrics


def train_seeds(
    todo: Experiment | Group,
    seeds: int,
    *,
    runs_dir: Path,
    data_dir: Path | None,
    on: Where,
    report: bool,
    show: bool,
    output: Output,
) -> int:
    """Train the seeds of an experiment, or continue a group; write the report and print the result."""
    from tersenet.runs import Group, resume_group, start_group

    with GroupProgress(output) as progress:
        if isinstance(todo, Group):
            group = resume_group(todo, data_dir=data_dir, on=on, listeners=progress.listeners)
        else:
            group = start_group(
                todo, seeds, runs_dir=runs_dir, data_dir=data_dir, on=on, listeners=progress.listeners
            )
    page = None
    if report:
        from tersenet.pages import write_report

        with output.working("writing the report …"):
            page = write_report(group, data_dir=data_dir)
    status = _conclude(group, page, output)
    open_report(page, output, wanted=show)
    return status


class GroupProgress:
    """Shows the training of a group: a bar over all epochs on a terminal, one line per seed everywhere."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._group: Group | None = None
        self._accuracies: list[float] = []
        self._bar = Bar(
            TextColumn("{task.completed:.0f} of {task.total:.0f} epochs"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[last]}"),
            TimeRemainingColumn(),
            console=output.console,
            transient=True,
            disable=not output.console.is_terminal,
        )
        self._downloads = download_progress(output)

    @property
    def listeners(self) -> GroupListeners:
        """What to hand to `start_group` or `resume_group`."""
        from tersenet.runs import GroupListeners

        return GroupListeners(
            on_download=self._download,
            on_start=self._started,
            on_epoch=self._epoch_done,
            on_seed=self._seed_done,
        )

    def __enter__(self) -> Self:
        self._download = self._downloads.__enter__()
        self._task = self._bar.add_task("", total=1, last="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._group is None:
            self._downloads.__exit__(None, None, None)
        self._bar.stop()
        if value is not None and self._group is not None:
            self._output.say(f"continue with: {resume_command(self._group)}")

    def _started(self, group: Group, dataset: Dataset) -> None:
        self._downloads.__exit__(None, None, None)
        self._group = group
        experiment, say = group.experiment, self._output.say
        notice = group.environment.data_notice or dataset.notice
        if notice:
            say(notice, style="bold yellow")
        say(f"network   {experiment.network}")
        if experiment.notation and experiment.notation != experiment.network:
            say(f"          {experiment.notation}")
        held_out = f", {experiment.validation:,} of them held out by each seed" if experiment.validation else ""
        say(
            f"data      {dataset.name}: {len(dataset.train):,} training images{held_out}, "
            f"{len(dataset.test):,} test images"
        )
        say(f"device    {group.environment.device}, {experiment.arithmetic}")
        from tersenet.runs import busy_notice, results_of

        busy = busy_notice(experiment.settings)
        if busy:
            say(busy, style="bold yellow")
        at_a_time = "one after the other" if group.processes == 1 else f"{group.processes} at a time"
        say(f"seeds     {group.seeds[0]} to {group.seeds[-1]}, {at_a_time}")
        say(f"group     {group.path}")
        done = results_of(group.runs)
        self._accuracies = [result.test_accuracy for result in done]
        if done:
            say(f"done      {len(done)} of {len(group.seeds)} seeds are already finished")
        before = sum(len(run.metrics) for run in group.runs)
        self._bar.update(self._task, total=len(group.seeds) * experiment.training.epochs, completed=before)
        self._bar.start()

    def _epoch_done(self, run: Run, row: EpochMetrics) -> None:
        last = f"{run.path.name} epoch {row.epoch}: {row.held_out_accuracy:.2f} %"
        self._bar.update(self._task, advance=1, last=last)

    def _seed_done(self, run: Run) -> None:
        assert self._group is not None
        result = run.result
        assert result is not None
        self._accuracies.append(result.test_accuracy)
        done = f"{len(self._accuracies)} of {len(self._group.seeds)}"
        mean = sum(self._accuracies) / len(self._accuracies)
        self._output.say(
            f"{run.path.name:<8}  test {result.correct_images}/{result.test_images} ({result.test_accuracy:.2f} %)  "
            f"{result.seconds:.1f} s  {done} done, mean {mean:.2f} %"
        )


def _conclude(group: Group, report: Path | None, output: Output) -> int:
    """The last lines: the figures, the budget, where the report is."""
    from tersenet.runs import as_table

    result = group.result
    assert result is not None
    say = output.say
    say()
    if group.environment.data_notice:
        say(group.environment.data_notice, style="bold yellow")
    say(f"{group.name}: {result.mean:.2f} ± {result.deviation:.2f} % on the test set of {result.data}", style="bold")
    low, high = result.interval
    lines = [
        f"{len(result.seeds)} seeds after epoch {result.epochs}, from {result.minimum:.2f} to {result.maximum:.2f} %",
        f"95 % interval of the mean {low:.2f} to {high:.2f} %",
        f"{result.parameters:,} parameters, {result.seconds:.1f} s of training per seed{_in_all(result)}",
    ]
    if result.best_test_mean is not None:
        lines.append(f"mean of the best epochs, picked on the test set: {result.best_test_mean:.2f} %")
    if result.indication:
        lines.append("fewer than five seeds: an indication, not a claim")
    for line in lines:
        say(f"  {line}")
    say_budget(result.budget, output)
    say(f"group:  {group.path}")
    say_report(report, output)
    say_next_steps(group, output)
    output.document(as_table(result))
    return BUDGET_MISSED if any(line.met is False for line in result.budget) else DONE


def _in_all(result: GroupRecord) -> str:
    seconds = result.wall_seconds
    at_a_time = "one after the other" if result.processes == 1 else f"{result.processes} at a time"
    return f" ({at_a_time})" if seconds is None else f", {seconds:.1f} s in all ({at_a_time})"
