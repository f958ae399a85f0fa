"""Batches and networks that the tests of the doctor share."""

import torch
from torch import nn
from torch.utils.data import Dataset

from tersenet.networks import build

CNN = "8C5s2 BN R 16C3 BN R MP2 16C3 BN R GAP 10Nb"


def batches(pair, size=64):
    """A list of batches; a last one of a single picture is left out."""
    images, labels = pair
    return [batch for batch in zip(images.split(size), labels.split(size), strict=True) if len(batch[1]) > 1]


def network(notation=CNN):
    torch.manual_seed(0)
    return build(notation)


def found(diagnosis, rule):
    return list(diagnosis.check(rule).findings)


class Answering(nn.Module):
    """A sound network with something done to its answer."""

    def __init__(self, change):
        super().__init__()
        self.body = network()
        self.change = change

    def forward(self, x):
        return self.change(self.body(x))


class Noisy(Dataset):
    """A map-style data set; `rate` of its pictures come out differently every time."""

    def __init__(self, pair, rate, draw=torch.rand):
        self.pair, self.rate, self.draw = pair, rate, draw

    def __len__(self):
        return len(self.pair[1])

    def __getitem__(self, index):
        picture, label = self.pair[0][index], self.pair[1][index]
        return picture + (float(self.draw(1)) if float(self.draw(1)) < self.rate else 0.0), label
