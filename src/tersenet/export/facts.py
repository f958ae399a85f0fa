"""What every exported file says of itself: the run, its network, its data, and what it reached. Never a date."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tersenet.export.integers.accuracy import AccuracyKept
from tersenet.runs import MODEL, Run, file_hash


@dataclass(frozen=True, kw_only=True)
class ExportFacts:
    """Where an exported network comes from. `accuracy` is None for a float32 export without an integer model.

    `test_data` is the set that the accuracy was measured on.
    """

    run: str
    network: str
    data: str
    classes: tuple[str, ...]
    weights_sha256: str
    calibration: int | None = None
    accuracy: AccuracyKept | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The facts in words, a line each."""
        found = [
            f"network      {self.network}",
            f"run          {self.run}, trained on {self.data}",
            f"weights      SHA-256 {self.weights_sha256}",
            f"classes      {' '.join(self.classes)}",
        ]
        if self.accuracy is not None:
            kept = self.accuracy
            found += [
                f"accuracy     {kept.after} of {kept.images} test images of {self.data} ({kept.percent_after:.2f} %) "
                f"as 8-bit integers,",
                f"             {kept.before} of {kept.images} ({kept.percent_before:.2f} %) in float32",
                f"calibration  {self.calibration} training images of {self.data}",
            ]
        return (*found, f"made by      Tersenet {version('tersenet')}")

    def document(self) -> dict[str, Any]:
        """The facts for JSON."""
        kept = self.accuracy
        return {
            "run": self.run,
            "network": self.network,
            "data": self.data,
            "classes": list(self.classes),
            "weights_sha256": self.weights_sha256,
            "calibration_images": self.calibration,
            "accuracy": None
            if kept is None
            else {
                "images": kept.images,
                "float32_correct": kept.before,
                "int8_correct": kept.after,
                "changed_classes": kept.changed,
                "mcnemar_p": kept.test.p,
            },
            "tersenet": version("tersenet"),
        }


def facts_of(run: Run, *, calibration: int | None = None, accuracy: AccuracyKept | None = None) -> ExportFacts:
    """The facts of a run.

    >>> from tersenet.runs import packaged_run
    >>> facts_of(packaged_run("stem-17150")).lines[1]
    'run          stem-17150, trained on mnist'
    """
    return ExportFacts(
        run=run.name,
        network=run.notation or run.experiment.network,
        data=run.experiment.data,
        classes=run.environment.classes,
        weights_sha256=file_hash(run.path / MODEL),
        calibration=calibration,
        accuracy=accuracy,
    )
