"""The backpropagation lab: every derivative of a small network, derived, computed, plotted, and in a spreadsheet.

examples:
  tersenet backprop derive --weight w5                          one derivative, step by step
  tersenet backprop table --steps 68 --lr 1                     gradient descent, one row per step
  tersenet backprop table --step 0                              all chain-rule factors at one step
  tersenet backprop study --lr 0.1 0.2 0.5 0.8 1 2 1000         compare learning rates
  tersenet backprop surface --over w5 w7 --out surface.png      the loss over two weights
  tersenet backprop workbook lab.xlsx                           a spreadsheet that recalculates
  tersenet backprop conv --figure conv.png                      backpropagation through a convolution
  tersenet backprop batchnorm                                   and through batch normalisation
  tersenet backprop exercise --seed 7                           an exercise for a class, with its solution
  tersenet backprop errata                                      errors in the course material
"""

from __future__ import annotations

from typing import Annotated

import tyro

from tersenet.cli.backprop_arguments import (
    Batchnorm,
    Conv,
    Derive,
    Errata,
    Exercise,
    Study,
    Surface,
    Table,
    Workbook,
)
from tersenet.cli.output import Output

Arguments = (
    Annotated[Derive, tyro.conf.subcommand(name="derive")]
    | Annotated[Table, tyro.conf.subcommand(name="table")]
    | Annotated[Study, tyro.conf.subcommand(name="study")]
    | Annotated[Surface, tyro.conf.subcommand(name="surface")]
    | Annotated[Workbook, tyro.conf.subcommand(name="workbook")]
    | Annotated[Conv, tyro.conf.subcommand(name="conv")]
    | Annotated[Batchnorm, tyro.conf.subcommand(name="batchnorm")]
    | Annotated[Exercise, tyro.conf.subcommand(name="exercise")]
    | Annotated[Errata, tyro.conf.subcommand(name="errata")]
)


def run(arguments: object, output: Output) -> int:
    """Do what the subcommand says."""
    from tersenet.cli import backprop_lessons as lessons
    from tersenet.cli import backprop_views as views
    from tersenet.cli.backprop_exercise import exercise

    match arguments:
        case Derive():
            views.derive(arguments, output)
        case Table():
            views.table(arguments, output)
        case Study():
            views.study(arguments, output)
        case Surface():
            views.surface(arguments, output)
        case Workbook():
            views.workbook(arguments, output)
        case Conv():
            lessons.convolution(arguments, output)
        case Batchnorm():
            lessons.batchnorm(arguments, output)
        case Exercise():
            exercise(arguments, output)
        case Errata():
            lessons.errata(arguments, output)
    return 0
