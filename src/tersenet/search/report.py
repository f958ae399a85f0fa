"""The report of a search: what was chosen and what it reaches first, then what that rests on."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from statistics import fmean

from tersenet._errors import TersenetError
from tersenet._table import Column, Table
from tersenet.evaluation import ENOUGH_SEEDS, Spread, spread
from tersenet.figures import SearchedNetwork, data_title, plot_importance, plot_search_course, plot_search_front
from tersenet.pages import (
    Block,
    Code,
    Heading,
    Item,
    Items,
    Notice,
    PageFigure,
    Paragraph,
    Tile,
    Tiles,
    Title,
    facts_table,
    write_page,
)
from tersenet.search.folder import WINNER, Search, Trial
from tersenet.search.leaders import front_of, leaders_of
from tersenet.search.outcome import Leader, SearchRecord

SHOWN = 10


def write_search_report(search: Search) -> Path:
    """Write `report.html`, `.md`, `.json` and their figures into the folder of a search; the path of the HTML file.

    A search that is not finished has a report too, which says so. Raises TersenetError where no trial was trained in
    full.
    """
    return write_page(search.path, "report", compose_search(search), title=f"{search.name}: a search")


def compose_search(search: Search) -> list[Block]:
    """The blocks of the report."""
    plan, record, trials = search.plan, search.result, search.trials
    full = plan.epochs[-1]
    leaders = leaders_of(trials, full)
    if not leaders:
        raise TersenetError(
            "No trial of this search has been trained in full.", got=f"{len(trials)} trials", where=search.path
        )
    data = data_title(plan.experiment.data)
    return [
        *_first_notices(search, record),
        Title(f"{search.name}: {plan.limits.in_words()}, on {data}"),
        _tiles(leaders[0], record, len(trials), search.seconds),
        *_figures(search, trials, leaders, record),
        Heading("Result"),
        *_result(search, leaders, record),
        leaders_table(leaders, trials, full),
        Heading("Analysis"),
        Items([Item(text) for text in _findings(search, trials, leaders, record)]),
        Heading("The search"),
        _plan_table(search),
        *_failures(trials),
        *_winner(search),
    ]


def _first_notices(search: Search, record: SearchRecord | None) -> list[Block]:
    said = []
    if record is None:
        command = f"tersenet search --resume {shlex.quote(search.name)}"
        said.append(
            f"This search is not finished, and nothing was measured on the test set: `{command}` continues it."
        )
    elif record.test_reads > 1:
        times = f"{record.test_reads} times, once for each budget"
        said.append(f"The test set was read {times}: the last figure is a little less independent.")
    if record is not None and len(record.test_accuracies) < ENOUGH_SEEDS:
        said.append(f"Fewer than {ENOUGH_SEEDS} fresh seeds: an indication, not a claim.")
    return [Notice(text=text, kind="warning") for text in said]


def _tiles(best: Leader, record: SearchRecord | None, trials: int, seconds: float) -> Tiles:
    tiles = [
        Tile(f"{best.cost.parameters:,}", "parameters"),
        Tile(f"{best.cost.macs:,}", "multiply-adds per picture"),
    ]
    if record is not None:
        seeds = len(record.test_accuracies)
        what = f"test accuracy, mean of {seeds} fresh seed{'s' * (seeds != 1)}"
        tiles.insert(0, Tile(f"{record.mean:.2f} %", what))
    tiles.append(Tile(f"{best.accuracy:.2f} %", f"on held-out images, {best.seeds} seed{'s' * (best.seeds != 1)}"))
    return Tiles([*tiles, Tile(str(trials), f"trials in {seconds / 60:.1f} minutes")])


def _figures(search: Search, trials: list[Trial], leaders: list[Leader], record: SearchRecord | None) -> list[Block]:
    plan = search.plan
    cost, full = plan.front or "parameters", plan.epochs[-1]
    tested = None
    if record is not None:
        tested = (float(getattr(record.chosen.cost, cost)), record.mean, record.interval)
    front = plot_search_front(
        [_drawn(leader, cost) for leader in leaders],
        [_drawn(leader, cost) for leader in front_of(leaders, cost)],
        cost=cost,
        tested=tested,
        records=plan.experiment.data == "mnist",
        title="Accuracy against size",
    )
    lengths: dict[int, list[tuple[int, float]]] = {}
    for trial in trials:
        for (epochs, seed), training in sorted(trial.trainings.items()):
            if seed == 0:
                lengths.setdefault(epochs, []).append((trial.number, training.loss))
    course = plot_search_course(lengths, full=full, title="The course of the search")
    captions = (
        "Every network that was trained in full, by its mean on held-out images. Numbers are trials.",
        "Each trial's held-out loss with the first seed. The line is the best full training so far.",
    )
    figures: list[Block] = [
        PageFigure.of(front, "front", 1, captions[0]),
        PageFigure.of(course, "course", 2, captions[1]),
    ]
    importance = _importance(search, record)
    if importance:
        drawing = plot_importance(importance, title="What mattered")
        caption = "What each choice explains of the differences in held-out loss (PED-ANOVA)."
        figures.append(PageFigure.of(drawing, "importance", 3, caption))
    return figures


def _drawn(leader: Leader, cost: str) -> SearchedNetwork:
    size = float(getattr(leader.cost, cost))
    return SearchedNetwork(trial=leader.trial, cost=size, loss=leader.loss, accuracy=leader.accuracy)


def _importance(search: Search, record: SearchRecord | None) -> dict[str, float]:
    labels = search.plan.space.labels
    found = {} if record is None else record.importance
    return {labels.get(key, key.removeprefix("training.")): share for key, share in found.items()}


def _result(search: Search, leaders: list[Leader], record: SearchRecord | None) -> list[Block]:
    best = leaders[0]
    blocks: list[Block] = [Code(best.network)]
    if best.settings:
        blocks.append(Paragraph(", ".join(f"{key} = {_short(value)}" for key, value in best.settings.items()) + "."))
    if record is None:
        return blocks
    figures = ", ".join(f"{accuracy:.2f}" for accuracy in record.test_accuracies)
    seeds = f"Seeds {record.seeds[0]} to {record.seeds[-1]}" if record.seeds[1:] else f"Seed {record.seeds[0]}"
    interval = ""
    if record.interval is not None and record.deviation is not None:
        low, high = record.interval
        interval = f" ± {record.deviation:.2f}, 95 % interval of the mean {low:.2f} to {high:.2f}"
    blocks.append(
        Paragraph(
            f"{record.mean:.2f} %{interval} on the {record.test_images:,} test images of {data_title(record.data)}. "
            f"{seeds}, trained on all training images: {figures}. None of these seeds was used to choose."
        )
    )
    if record.luck is not None:
        blocks.append(Paragraph(record.luck.in_words()))
    return blocks


def leaders_table(leaders: list[Leader], trials: list[Trial], epochs: int) -> Table:
    """The best trials with the mean of their held-out figures and its interval."""
    by_number = {trial.number: trial for trial in trials}
    rows = []
    for leader in leaders[:SHOWN]:
        found = spread(
            [training.accuracy for training in by_number[leader.trial].paired(epochs)], bounds=(0.0, 100.0)
        )
        rows.append(
            (
                str(leader.trial),
                f"{leader.cost.parameters:,}",
                str(leader.seeds),
                f"{leader.loss:.4f}",
                f"{leader.accuracy:.2f}",
                _interval(found),
                f"`{leader.network}`",
            )
        )
    head = ("trial", "parameters", "seeds", "loss", "accuracy %", "95 % interval")
    columns = [*(Column(title=title) for title in head), Column(title="network", right=False, wraps=20)]
    return Table(columns=columns, rows=rows)


def _interval(found: Spread) -> str:
    return "–" if found.interval is None else f"{found.interval[0]:.2f} to {found.interval[1]:.2f}"


def _findings(search: Search, trials: list[Trial], leaders: list[Leader], record: SearchRecord | None) -> list[str]:
    plan = search.plan
    trainings = [training for trial in trials for training in trial.trainings.values()]
    wall, inside = (sum(getattr(each, name) for each in trainings) for name in ("wall_seconds", "seconds"))
    lengths = Counter(training.epochs for training in trainings)
    counted = ", ".join(
        f"{count} with {epochs} epoch{'s' * (epochs != 1)}" for epochs, count in sorted(lengths.items())
    )
    found = [
        f"{len(trials)} of {plan.space.count:,} networks were tried in {len(trainings)} trainings: {counted}.",
        f"{100 * (1 - inside / max(wall, 1e-9)):.1f} % of the time of trainings was spent outside of their epochs.",
    ]
    second = leaders[1] if leaders[1:] else None
    if second is not None and second.seeds == leaders[0].seeds and leaders[0].seeds > 1:
        differences = [b - a for a, b in zip(leaders[0].losses, second.losses, strict=True)]
        better = sum(difference > 0 for difference in differences)
        found.append(
            f"The chosen network is better than trial {second.trial} with {better} of {len(differences)} shared "
            f"seeds, by {fmean(differences):.4f} in the mean of the losses."
        )
    importance = _importance(search, record)
    if importance:
        name, share = max(importance.items(), key=lambda item: item[1])
        found.append(f"What mattered most is `{name}`: {100 * share:.0f} % of the differences in held-out loss.")
    return found


def _plan_table(search: Search) -> Table:
    plan = search.plan
    minutes = None if plan.minutes is None else f"{plan.minutes:g} minutes"
    trials = None if plan.trials is None else f"{plan.trials} trials"
    rows = [
        ("space", f"`{plan.experiment.network}`"),
        ("networks", f"{plan.space.count:,}"),
        ("limits", plan.limits.in_words()),
        *((item.key, item.in_words()) for item in plan.settings),
        ("budget", " or ".join(filter(None, (minutes, trials)))),
        ("rungs", f"{', '.join(map(str, plan.epochs))} epochs"),
        ("held out", f"{plan.held_out:,} training images, which rotate"),
        ("trainings at a time", str(plan.processes)),
        ("precision", plan.experiment.settings.precision),
        ("seed", str(plan.experiment.seed)),
    ]
    return facts_table("setting", rows)


def _failures(trials: list[Trial]) -> list[Block]:
    failed = [(str(trial.number), trial.failure, f"`{trial.proposal.network}`") for trial in trials if trial.failure]
    if not failed:
        return []
    return [
        Table(
            columns=[Column(title=title, right=False) for title in ("failed trial", "why", "network")],
            rows=failed,
            folded=f"{len(failed)} failed trials",
        )
    ]


def _winner(search: Search) -> list[Block]:
    path, record = search.path / WINNER, search.result
    if record is None or not path.is_file():
        return []
    folder = shlex.quote(str(search.path / record.group))
    return [
        Heading("The winner as an experiment"),
        Paragraph(
            f"`tersenet train {shlex.quote(str(path))}` trains it again; "
            f"`tersenet claim {folder}` makes a claim of it."
        ),
        Code(path.read_text(encoding="utf-8")),
    ]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
