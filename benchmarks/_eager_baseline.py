"""The eager baseline to train, for comparison: what the other files here time Tersenet against.

A `DataLoader` with one worker, Pillow transforms picture by picture, the module as most people would write it, eager
float32, torch's default threads, a progress figure read after each batch, the test set after each epoch.
"""

from __future__ import annotations

import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn, optim
from torch.utils.data import DataLoader, Dataset

from tersenet.data import MNIST_FORM, Split
from tersenet.networks import NETWORKS, LayerChain, build


class PillowDigits(Dataset[tuple[Tensor, int]]):
    """Digits as torchvision's transforms give them, one picture at a time: ToTensor and Normalize.

    With `augmented`, augmentation A comes first: one picture in ten cropped to 22×22 and enlarged, all turned.
    """

    def __init__(self, split: Split, *, augmented: bool) -> None:
        self.images, self.labels = split.images[:, 0].numpy(), split.labels.tolist()
        self.augmented = augmented

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.images[index])
        if self.augmented:
            if torch.rand(1) < 0.1:
                picture = picture.crop((3, 3, 25, 25))
            if picture.size != (28, 28):
                picture = picture.resize((28, 28), Image.Resampling.BILINEAR)
            angle = float(torch.empty(1).uniform_(-15.0, 15.0))
            picture = picture.rotate(angle, Image.Resampling.NEAREST, fillcolor=0)
        tensor = torch.from_numpy(np.array(picture, copy=True)).unsqueeze(0).float().div(255)
        return (tensor - MNIST_FORM.mean[0]) / MNIST_FORM.deviation[0], self.labels[index]


class AsWritten(nn.Module):
    """A course network of torch's own layers, one after the other; gives log-probabilities `[N, 10]`."""

    def __init__(self, name: str, size: tuple[int, int, int] = MNIST_FORM.size) -> None:
        super().__init__()
        notation = NETWORKS[name].notation if name in NETWORKS else name
        self.layers = nn.Sequential(*_layers(build(notation, size).layers))

    def forward(self, x: Tensor) -> Tensor:
        return F.log_softmax(self.layers(x).view(-1, 10), dim=-1)


def _layers(module: nn.Module) -> list[nn.Module]:
    """The layers of nested chains in their order, Tersenet's own dropout replaced by torch's."""
    if isinstance(module, LayerChain):
        return [layer for part in module for layer in _layers(part)]
    if isinstance(module, nn.Linear):
        return [nn.Flatten(), module]
    return [nn.Dropout(module.p) if isinstance(module, nn.Dropout) else module]


def train_an_epoch(model: nn.Module, loader: DataLoader[tuple[Tensor, int]], optimizer: optim.Optimizer) -> None:
    """Every batch once, as the course writes it."""
    model.train()
    correct = 0
    for images, labels in loader:
        optimizer.zero_grad()
        output = model(images)
        loss = F.nll_loss(output, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        correct += int(output.argmax(dim=1).eq(labels).sum().item())


def test(model: nn.Module, loader: DataLoader[tuple[Tensor, int]]) -> float:
    """The accuracy on a test set, in percent."""
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += int(model(images).argmax(dim=1).eq(labels).sum().item())
            seen += len(labels)
    return 100 * correct / seen


def epoch_seconds(
    name: str, train: Split, test_split: Split | None, *, batch_size: int, augmented: bool, epochs: int = 1
) -> list[float]:
    """Seconds of each of the first epochs of a training: all batches and, where given, the test set."""
    torch.manual_seed(0)
    model = AsWritten(name)
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    digits = PillowDigits(train, augmented=augmented)
    loader = DataLoader(digits, batch_size=batch_size, shuffle=True, num_workers=1)
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        train_an_epoch(model, loader, optimizer)
        if test_split is not None:
            judged = PillowDigits(test_split, augmented=False)
            test(model, DataLoader(judged, batch_size=batch_size, num_workers=1))
        seconds.append(time.perf_counter() - start)
    return seconds
