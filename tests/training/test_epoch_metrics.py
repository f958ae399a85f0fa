"""What a row of `metrics.csv` means."""

import torch

from tersenet import Dataset, Split, build, train
from tersenet.training import LearningRate, Recipe


def test_the_learning_rate_of_an_epoch_is_that_of_its_first_step():
    pictures = torch.randint(0, 256, (60, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = Split(images=pictures, labels=torch.arange(60) % 10)
    dataset = Dataset(name="noise", train=split, test=split, classes=tuple("0123456789"), source="drawn")
    recipe = Recipe(epochs=3, batch_size=20)
    rate = LearningRate(recipe.schedule, recipe.learning_rate, epochs=3, steps_per_epoch=3)
    rows = train(build("2C5s2 BN R GAP 10N"), dataset, recipe).metrics
    assert [row.learning_rate for row in rows] == [rate.at(epoch, 0) for epoch in (1, 2, 3)]
