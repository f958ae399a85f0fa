"""A recipe in words."""

from tersenet.data import POLICY_A, Augmentation
from tersenet.pages.recipe_table import recipe_rows
from tersenet.training import Recipe, Schedule


def said(**changes):
    return dict(recipe_rows(Recipe(**changes)))


def test_only_the_knobs_that_the_schedule_turns_are_told():
    assert said(schedule=Schedule(kind="StepLR", step=7, factor=0.1))["schedule"] == "StepLR (step 7, factor 0.1)"
    assert said(schedule=Schedule(kind="constant"))["schedule"] == "constant"
    several = Schedule(kind="MultiStepLR", milestones=(8, 15))
    assert said(schedule=several)["schedule"] == "MultiStepLR (milestones 8 and 15, factor 0.1)"
    assert (
        said(schedule=Schedule(kind="ReduceLROnPlateau"))["schedule"]
        == "ReduceLROnPlateau (factor 0.1, patience 10, threshold 0.0001)"
    )


def test_the_optimisers_are_called_by_their_names():
    assert said(momentum=0.9, nesterov=True)["optimiser"] == "SGD, momentum 0.9, Nesterov"
    assert said(momentum=0.9, nesterov=False)["optimiser"] == "SGD, momentum 0.9"
    assert said(optimizer="adamw")["optimiser"] == "AdamW, first moment 0.9"


def test_augmentation_is_told_by_what_it_changes():
    assert said(augmentation=Augmentation())["augmentation"] == "none"
    assert said(augmentation=POLICY_A)["augmentation"] == "crop probability 0.1, rotation 15"
    assert said(augmentation=Augmentation(rotation=5, exact=True))["augmentation"] == "rotation 5, exact"


def test_what_is_off_is_told_as_none():
    rows = said(weight_decay=0.0, label_smoothing=0.0, averaging=0.0, early_stopping=0)
    assert rows["weight decay"] == "none"
    assert rows["loss"] == "cross-entropy"
    assert rows["averaging"].startswith("none")
    assert rows["early stopping"] == "none"
    on = said(weight_decay=0.001, label_smoothing=0.1, averaging=0.99, early_stopping=3)
    assert on["weight decay"] == "0.001, on kernels only"
    assert on["loss"] == "cross-entropy, label smoothing 0.1"
    assert on["averaging"] == "moving average of the weights, decay 0.99: these are measured"
    assert on["early stopping"] == "after 3 epochs without a lower loss"
