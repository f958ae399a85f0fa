"""A search as it is shown: one line that moves on a terminal, elsewhere a line for each new best and each minute."""

from __future__ import annotations

import shlex
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tersenet.cli.arguments import RUNS_DIR
from tersenet.cli.output import Output, say_notices
from tersenet.cli.progress import download_progress

if TYPE_CHECKING:
    from tersenet.data import Dataset
    from tersenet.runs import Run
    from tersenet.search import Search, SearchListeners, SearchProgress

QUIET = 60.0  # seconds between two lines where nothing is better


class SearchScreen:
    """Shows a search from its beginning to its end."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._search: Search | None = None
        self._downloads = download_progress(output)
        self._status = output.console.status("") if output.console.is_terminal else None
        self._best: float | None = None
        self._said = 0.0

    @property
    def listeners(self) -> SearchListeners:
        """What to hand to `start_search` or `resume_search`."""
        from tersenet.search import SearchListeners

        return SearchListeners(
            on_download=self._download,
            on_start=self._started,
            on_progress=self._progressed,
            on_seed=self._seed_done,
        )

    def __enter__(self) -> Self:
        self._download = self._downloads.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._search is None:
            self._downloads.__exit__(None, None, None)
        if self._status is not None:
            self._status.stop()
        if value is not None and self._search is not None:
            where = self._search.path.parent
            place = "" if where == RUNS_DIR else f" --runs-dir {shlex.quote(str(where))}"
            self._output.say(f"continue with: tersenet search --resume {shlex.quote(self._search.name)}{place}")

    def _started(self, search: Search, dataset: Dataset) -> None:
        self._downloads.__exit__(None, None, None)
        self._search = search
        plan, say = search.plan, self._output.say
        say_notices(dataset, self._output)
        say(f"space     {plan.experiment.network}")
        say(f"          {plan.space.count:,} networks, {plan.limits.in_words()}")
        for item in plan.settings:
            say(f"          {item.key}: {item.in_words()}")
        held_out = len(dataset.train) - plan.held_out
        say(f"data      {dataset.name}: {held_out:,} images to learn from, {plan.held_out:,} held out, which rotate")
        say("          the test set is read once, at the end, by the network that was chosen")
        say(f"rungs     {', '.join(map(str, plan.epochs))} epochs, {plan.processes} trainings at a time")
        minutes = None if plan.minutes is None else f"{plan.minutes:g} minutes"
        trials = None if plan.trials is None else f"{plan.trials} trials"
        say(f"budget    {' or '.join(filter(None, (minutes, trials)))}")
        say(f"search    {search.path}")
        if search.trials:
            say(f"known     {len(search.trials)} trials, {search.seconds:.0f} s of work")
        if self._status is not None:
            self._status.start()

    def _progressed(self, progress: SearchProgress) -> None:
        line = progress.in_words()
        if self._status is not None:
            self._status.update(line)
        better = progress.best_loss is not None and (self._best is None or progress.best_loss < self._best)
        if better or (self._status is None and time.monotonic() - self._said > QUIET):
            self._said = time.monotonic()
            self._output.say(line)
            if better and progress.best is not None:
                self._best = progress.best_loss
                self._output.say(f"          {progress.best.proposal.network}")

    def _seed_done(self, run: Run) -> None:
        record = run.result
        assert record is not None
        correct = f"{record.correct_images}/{record.test_images} ({record.test_accuracy:.2f} %)"
        self._output.say(f"fresh seed {record.seed}: test {correct}")
