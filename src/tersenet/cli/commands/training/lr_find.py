"""`tersenet train … --lr-find`: a learning-rate range test instead of a training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tersenet.cli.output import Output, say_notices

if TYPE_CHECKING:
    from tersenet.runs import Experiment


def find_rate(experiment: Experiment, runs_dir: Path, data_dir: Path | None, output: Output) -> int:
    """Run the test on an experiment, draw it, say what it suggests."""
    import torch
    from rich.progress import Progress
    from rich.text import Text

    from tersenet.cli.progress import download_progress
    from tersenet.data import load_data
    from tersenet.figures import data_title, plot_rate_test
    from tersenet.networks import check_network, find_network
    from tersenet.runs import choose_device, fitted
    from tersenet.training import RULE, check_held_out, find_learning_rate, hold_out

    device = choose_device(experiment.settings.device)
    check_network(experiment.notation or experiment.network)
    with download_progress(output) as progress:
        dataset = load_data(experiment.data, data_dir=data_dir, progress=progress)
    experiment = fitted(experiment, dataset)
    check_held_out(dataset, experiment.validation)
    images = dataset.train
    if experiment.validation:
        images, _ = hold_out(images, experiment.validation, seed=experiment.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        spec = experiment.notation or experiment.network
        design = find_network(spec, input_size=dataset.form.size, classes=len(dataset.classes))
    say_notices(dataset, output)
    name, recipe = experiment.name or design.name, experiment.training
    output.say(f"{name} on {dataset.name}: the learning rate rises while a copy of the network learns")
    bar = Progress(console=output.console, transient=True, disable=not output.console.is_terminal)
    with bar:
        task = bar.add_task("steps", total=None)
        test = find_learning_rate(
            design.module,
            images,
            recipe,
            seed=experiment.seed,
            device=device,
            on_step=lambda step, steps: bar.update(task, completed=step, total=steps),
        )
    title = f"Learning rate range test: {name} on {data_title(dataset.name)}"
    figure = plot_rate_test(test, title=title).save(runs_dir / f"lr-find-{name}.png")
    output.say(
        f"suggested learning rate: {test.suggestion:.2g}   (the experiment has {recipe.learning_rate:g})",
        style="bold",
    )
    output.say(Text(f"The rule: {RULE}. Use it as the highest rate of a schedule that decays to the end."))
    if not test.rose:
        output.say(Text(f"The loss did not rise again up to {test.rates[-1]:.2g}: higher rates may work as well."))
    output.say(f"figure: {figure}")
    output.say(f"try:    the same command with --lr {test.suggestion:.2g} instead of --lr-find")
    output.document(
        {
            "network": experiment.network,
            "data": dataset.name,
            "suggestion": test.suggestion,
            "rule": RULE,
            "rose": test.rose,
            "rates": test.rates,
            "losses": test.losses,
            "smoothed": test.smoothed,
            "figure": str(figure),
        }
    )
    return 0
