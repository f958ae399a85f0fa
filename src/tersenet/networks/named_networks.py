"""The named networks, one line each: the seven course networks, and two of Tersenet's own.

The layers are exactly those of the course networks' sources, layers on the logits included; `marks` lists the unusual
ones, `choices` what a source leaves open and what was chosen. Three mistakes of the sources are corrected, none of
them in the layers: the softmax axis, the random rotation of test images, and their different normalisation
(`docs/networks.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tersenet.networks.budget import COURSE_BUDGET, Budget


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What a course network's source reports of its own run, accuracies in percent on MNIST; None if it says nothing.

    The best epoch was picked on the test set. `claim` is a figure in words, without a log.
    """

    epochs: int
    best_accuracy: float | None = None
    best_epoch: int | None = None
    last_accuracy: float | None = None
    training_accuracy: float | None = None
    training_epoch: int | None = None
    claim: str | None = None
    remark: str | None = None

    def __str__(self) -> str:
        """One clause per figure.

        >>> print(Reported(epochs=19, best_accuracy=99.45, best_epoch=15, last_accuracy=99.43))
        best 99.45 (epoch 15), last 99.43
        """
        said = [f"claimed {self.claim}"] if self.claim else []
        if self.best_accuracy is not None:
            said.append(f"best {self.best_accuracy:.2f} (epoch {self.best_epoch})")
        if self.last_accuracy is not None:
            said.append(f"last {self.last_accuracy:.2f}")
        if self.training_accuracy is not None:
            said.append(f"training {self.training_accuracy:.2f} (epoch {self.training_epoch})")
        if self.remark:
            said.append(self.remark)
        return ", ".join(said)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What Tersenet measured: test accuracy on MNIST after the last epoch, in percent, mean and deviation of seeds.

    The seeds are `first_seed` and those that follow. `docs/results.md` has the whole table, with the command that
    makes it.
    """

    mean: float
    deviation: float
    seeds: int
    epochs: int
    experiment: str
    first_seed: int = 0

    def __str__(self) -> str:
        """The figures in a line.

        >>> print(Measured(mean=99.453, deviation=0.021, seeds=10, epochs=3, experiment="sprint"))
        99.45 ± 0.02
        """
        return f"{self.mean:.2f} ± {self.deviation:.2f}"


@dataclass(frozen=True, kw_only=True)
class NamedNetwork:
    """A network with a name, which ends in its number of parameters.

    `source` is where it comes from; `choices` are what the source leaves open and what was chosen; `marks` are what
    is unusual in the layers, kept as the source has it; `budget` is what it must keep to; `reported` is what the
    source reports, `measured` what Tersenet reaches with a recipe of its own.
    """

    name: str
    notation: str
    source: str
    about: str
    choices: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    reported: Reported | None = None
    measured: Measured | None = None
    budget: Budget = COURSE_BUDGET


_ALL = (
    NamedNetwork(
        name="funnel-18937",
        notation="24C3p1b BN D.05 R 20C3p1b BN D.05 R 15C3p1b BN D.05 R MP2 24C3p1b R BN D.05 MP2 "
        "20C3b BN D.05 R 14C3b BN D.05 R 10C3b R",
        source="course network, class Net",
        about="the bi-directional funnel: channels fall to the first pooling, rise after it, fall again",
        marks=(
            "A ReLU follows the last convolution, so no logit can be negative: it is on the logits.",
            "Block 4 is convolution, ReLU, BN, dropout, where every other block is convolution, BN, dropout, ReLU.",
            "It has neither a global average pooling nor a dense layer.",
        ),
        reported=Reported(epochs=20, claim="> 99.4", remark="its log is not shown"),
        measured=Measured(
            mean=99.57, deviation=0.02, seeds=5, epochs=6, experiment="funnel-18937-improved", first_seed=10
        ),
    ),
    NamedNetwork(
        name="gap-14320",
        notation="(16C3 R BN D.1)x3 AP2 32C3 R BN D.1 16C3 R BN GAP 10C1",
        source="course network, class Net",
        about="unpadded convolutions, global average pooling, then a 1×1 convolution as classifier",
        marks=(
            "The text says Dropout2d and BN, dropout, ReLU; code and summary, followed here, have ReLU, BN, Dropout.",
            "Block 3 has 16 outputs as in code and summary, not the 32 of the text.",
        ),
        reported=Reported(epochs=19, best_accuracy=99.45, best_epoch=15, last_accuracy=99.43),
        measured=Measured(
            mean=99.59, deviation=0.05, seeds=5, epochs=19, experiment="gap-14320-improved", first_seed=10
        ),
    ),
    NamedNetwork(
        name="optimized-18594",
        notation="(8C3p1b R BN DD.05)x2 MP2 (16C3p1b R BN DD.05)x2 32C3b R BN DD.05 MP2 32C3b R BN DD.05 10C1b GAP",
        source="course network, class OptimizedNet",
        about="three blocks with max pooling between them, a 1×1 convolution to the classes, global average pooling",
        choices=(
            "Only the summary is given: the biases of all convolutions follow from its counts.",
            "The rate of Dropout2d is not given: 0.05, as in funnel-18937; of 8 maps a higher rate drops too many.",
            "The global average pooling that the text names comes after the last printed row.",
        ),
        reported=Reported(
            epochs=20,
            best_accuracy=99.60,
            best_epoch=17,
            last_accuracy=99.58,
            training_accuracy=99.08,
            training_epoch=20,
        ),
        measured=Measured(
            mean=99.61, deviation=0.04, seeds=5, epochs=19, experiment="optimized-18594-improved", first_seed=10
        ),
    ),
    NamedNetwork(
        name="model1-4312",
        notation="8C3 R BN D.1 16C3 R BN D.1 10C1 MP2 10C3 R BN D.1 10C3p1 R BN D.1 MP2 10C3p1 R BN D.1 AP5 "
        "10C1 BN R D.1",
        source="course network, class Model1",
        about="the smallest of the seven",
        choices=(
            "dropout_value is not given: 0.1, inferred from the reported training accuracy of 88.88 %, since dropout "
            "at rate p on the logits caps it near 98.5·(1 - p) %.",
        ),
        marks=(
            "BN, ReLU and dropout are on the logits (after the last convolution): the dropout is why the training "
            "accuracy sits ten points under the test accuracy.",
        ),
        reported=Reported(
            epochs=15,
            best_accuracy=98.53,
            best_epoch=15,
            last_accuracy=98.53,
            training_accuracy=88.88,
            training_epoch=15,
        ),
        measured=Measured(
            mean=99.40, deviation=0.05, seeds=5, epochs=19, experiment="model1-4312-improved", first_seed=10
        ),
    ),
    NamedNetwork(
        name="model2-7524",
        notation="8C3 R BN 16C3 R BN 10C1 MP2 10C3 R BN 16C3 R BN (10C3 R BN)x3 10C2",
        source="course network, class Model2",
        about="convolutions down to 1×1, no dropout",
        marks=("It has neither dropout, nor a global average pooling or a dense layer.",),
        reported=Reported(epochs=15, best_accuracy=99.11, best_epoch=11, training_accuracy=99.50, training_epoch=15),
        measured=Measured(
            mean=99.51, deviation=0.05, seeds=5, epochs=19, experiment="model2-7524-improved", first_seed=10
        ),
    ),
    NamedNetwork(
        name="model3-7524",
        notation="8C3 R BN 16C3 R BN 10C1 MP2 10C3 R BN 16C3 R BN (10C3 R BN)x3 10C2",
        source="course network, class Model3",
        about="the layers of model2-7524, trained with another schedule",
        marks=("It has neither dropout, nor a global average pooling or a dense layer.",),
        reported=Reported(
            epochs=15,
            best_accuracy=99.28,
            best_epoch=14,
            training_accuracy=99.50,
            training_epoch=15,
            remark="the log shows epoch 13 alone: 99.49 training, 99.17 test",
        ),
        measured=Measured(
            mean=99.51, deviation=0.05, seeds=5, epochs=19, experiment="model2-7524-improved", first_seed=10
        ),
    ),
    NamedNetwork(
        name="network-19972",
        notation="(16C3 R D.01 BN)x4 12C1 R MP2 D.01 BN (20C3 R D.01 BN)x3 16C3 R D.01 BN 10C1 R D.01 BN AP2",
        source="course network, class Network",
        about="two blocks of four convolutions, each with a 1×1 convolution after it; receptive field 28",
        marks=(
            "ReLU, dropout and BN are on the class maps (after the last convolution, before the pooling).",
            "The text counts four convolutions and two dense layers; there are ten convolutions and no dense layer.",
        ),
        reported=Reported(epochs=20, remark="its accuracy is not stated"),
        measured=Measured(
            mean=99.57, deviation=0.02, seeds=5, epochs=8, experiment="network-19972-improved", first_seed=10
        ),
    ),
    NamedNetwork(
        name="stem-17150",
        notation="12C5s2 BN R 24C3 BN R 32C3 BN R MP2 24C3 BN R GAP 10Nb",
        source="Tersenet",
        about="fast to train: a 5×5 convolution of stride 2 first, then no padding: maps of 12×12 and smaller",
        marks=("It has no dropout, and its budget requires none.",),
        measured=Measured(mean=99.44, deviation=0.04, seeds=5, epochs=3, experiment="sprint", first_seed=10),
        budget=replace(COURSE_BUDGET, layers=("batch normalisation", "global average pooling or dense layer")),
    ),
    NamedNetwork(
        name="summit-19024",
        notation="(12C3p1b R BN)x2 AP2s1 (18C3p2d2b R BN)x2 28C3d2b R BN AP3s1 30C3d4b R BN 10C1b GAP",
        source="Tersenet",
        about="accuracy first: dilation instead of strides, so that no position is skipped",
        marks=("It has no dropout, and its budget requires none.",),
        measured=Measured(mean=99.68, deviation=0.04, seeds=5, epochs=19, experiment="summit", first_seed=10),
        budget=replace(COURSE_BUDGET, layers=("batch normalisation", "global average pooling or dense layer")),
    ),
)

NETWORKS: dict[str, NamedNetwork] = {network.name: network for network in _ALL}
"""The named networks by their names, which end in the number of parameters."""
