"""The best public results for small networks on MNIST, to compare a new one with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PublicRecord:
    """One published figure: accuracy in percent on MNIST's 10,000 test images, how it was measured, and where."""

    accuracy: float
    parameters: int
    name: str
    how: str
    where: str


PUBLIC_RECORDS: tuple[PublicRecord, ...] = (
    PublicRecord(
        accuracy=98.00,
        parameters=575,
        name="NeuralGolfing",
        how="820 parameters, pruned against the test set",
        where="github.com/hexhowells/NeuralGolfing",
    ),
    PublicRecord(
        accuracy=99.03,
        parameters=697,
        name="Parameter-Efficient-MNIST",
        how="best test epoch, the best of about 700 runs of up to 2,000 epochs",
        where="github.com/JoshWarn/Parameter-Efficient-MNIST",
    ),
    PublicRecord(
        accuracy=99.10,
        parameters=1_936,
        name="mnist-minimal-model",
        how="last of 75 epochs, with a validation split",
        where="github.com/ruslangrimov/mnist-minimal-model",
    ),
    PublicRecord(
        accuracy=99.48,
        parameters=7_784,
        name="course network",
        how="best test epoch",
        where="a network of the same course as Tersenet's",
    ),
    PublicRecord(
        accuracy=99.42,
        parameters=8_000,
        name="course network",
        how="best test epoch",
        where="a network of the same course as Tersenet's",
    ),
    PublicRecord(
        accuracy=99.55,
        parameters=33_088,
        name="BitNetMCU",
        how="last epoch, one run; the weights take 11.3 kB",
        where="github.com/cpldcpu/BitNetMCU",
    ),
)
"""Smallest first. A best test epoch was picked on the images it is measured on."""
