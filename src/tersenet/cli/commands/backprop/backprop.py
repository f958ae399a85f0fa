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

from tersenet.cli.commands.backprop.arguments import (
    BatchnormArguments,
    ConvArguments,
    DeriveArguments,
    ErrataArguments,
    ExerciseArguments,
    StudyArguments,
    SurfaceArguments,
    TableArguments,
    WorkbookArguments,
)
from tersenet.cli.output import Output

Arguments = (
    Annotated[DeriveArguments, tyro.conf.subcommand(name="derive")]
    | Annotated[TableArguments, tyro.conf.subcommand(name="table")]
    | Annotated[StudyArguments, tyro.conf.subcommand(name="study")]
    | Annotated[SurfaceArguments, tyro.conf.subcommand(name="surface")]
    | Annotated[WorkbookArguments, tyro.conf.subcommand(name="workbook")]
    | Annotated[ConvArguments, tyro.conf.subcommand(name="conv")]
    | Annotated[BatchnormArguments, tyro.conf.subcommand(name="batchnorm")]
    | Annotated[ExerciseArguments, tyro.conf.subcommand(name="exercise")]
    | Annotated[ErrataArguments, tyro.conf.subcommand(name="errata")]
)


def run(arguments: object, output: Output) -> int:
    """Do what the subcommand says."""
    from tersenet.cli.commands.backprop import lessons as lessons, views as views
    from tersenet.cli.commands.backprop.exercise import exercise

    match arguments:
        case DeriveArguments():
            views.derive(arguments, output)
        case TableArguments():
            views.table(arguments, output)
        case StudyArguments():
            views.study(arguments, output)
        case SurfaceArguments():
            views.surface(arguments, output)
        case WorkbookArguments():
            views.workbook(arguments, output)
        case ConvArguments():
            lessons.convolution(arguments, output)
        case BatchnormArguments():
            lessons.batchnorm(arguments, output)
        case ExerciseArguments():
            exercise(arguments, output)
        case ErrataArguments():
            lessons.errata(arguments, output)
    return 0
