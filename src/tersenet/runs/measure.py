"""Measure a run's network on a test set: the one place where weights, pictures and measures come together."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from tersenet.data import Dataset
from tersenet.evaluation import Measures, Mistake, corrected_labels, find_mistakes, guesses, measure, predict_logits
from tersenet.runs.folder import Run
from tersenet.training import EvaluationBatches


@dataclass(frozen=True, eq=False)
class MeasuredRun:
    """What a run's network answers on a test set: `logits` `[N, K]`, `labels` `[N]`, and what follows from them.

    `corrected` is the number of correct answers with the labels known to be wrong corrected; None if none are known.
    """

    dataset: Dataset
    logits: Tensor
    labels: Tensor
    measures: Measures
    mistakes: list[Mistake]
    corrected: int | None


def measure_run(run: Run, dataset: Dataset, *, device: str = "cpu") -> MeasuredRun:
    """Let a run's network classify the test set of `dataset`, normalised as its training pictures were.

    Raises TersenetError where the network takes pictures of another size.

    >>> from tersenet.data import draw_synthetic
    >>> from tersenet.runs import packaged_run
    >>> train, test = draw_synthetic(train=10, test=200)
    >>> digits = Dataset(name="synthetic", train=train, test=test, classes=tuple("0123456789"), source="drawn")
    >>> found = measure_run(packaged_run("stem-17150"), digits)
    >>> found.logits.shape, found.measures.correct + len(found.mistakes)
    (torch.Size([200, 10]), 200)
    """
    dataset = dataset.with_form(run.form)
    batches = EvaluationBatches(dataset.test, device=device)
    logits, labels = predict_logits(run.model().to(device), batches, device=device)
    truth = corrected_labels(dataset.name, labels)
    return MeasuredRun(
        dataset=dataset,
        logits=logits,
        labels=labels,
        measures=measure(logits, labels, dataset.classes),
        mistakes=find_mistakes(logits, labels),
        corrected=None if truth is None else int((guesses(logits) == truth).sum()),
    )
