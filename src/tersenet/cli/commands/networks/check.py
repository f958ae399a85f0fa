"""Check a network against a budget, for continuous integration: parameters, MACs, layers, bytes on a device.

NET is an experiment, a .toml file, a named network, `file.py:Name` (any PyTorch module), notation, or a run.

examples:
  tersenet check gap-14320 --parameters 20000 --needs bn,dropout,gap
  tersenet check model.py:Net --parameters 50000 --macs 5M --input 3x32x32
  tersenet check "8C3 BN R MP2 16C3 BN R GAP 10Nb" --flash 8k --ram 4k

--flash and --ram are about the network as exported in 8 bits (tersenet export): weights and other constants, and the
working memory. The code itself adds 2 to 4 kB, the stack less than 512 bytes.

Exit status: 0 if every line is met, 3 if one is missed, 1 on an error.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from tersenet._errors import TersenetError, check_setting, did_you_mean
from tersenet.cli.arguments import RUNS_DIR, RunsDir, size_in_bytes
from tersenet.cli.commands.networks.summary import input_size, subject_of
from tersenet.cli.main import BUDGET_MISSED, DONE
from tersenet.cli.output import Output, TrustArguments, option

if TYPE_CHECKING:
    from torch import nn

    from tersenet.networks import BudgetLine, Summary

NEEDS = {
    "bn": "batch normalisation",
    "dropout": "dropout",
    "gap": "global average pooling",
    "dense": "dense layer",
}


@dataclass(frozen=True, kw_only=True)
class Arguments(TrustArguments):
    """What `tersenet check` takes."""

    network: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NET")]
    """An experiment, a .toml file, a network's name, file.py:Name, a line of notation, or a run."""
    parameters: Annotated[str | None, option("N")] = None
    """Fewer than N parameters, such as 20000 or 20k."""
    macs: Annotated[str | None, option("N")] = None
    """At most N multiply-adds per picture, such as 500k or 2M."""
    flash: Annotated[str | None, option("SIZE")] = None
    """At most this many bytes of weights and other constants in 8 bits, such as 8k."""
    ram: Annotated[str | None, option("SIZE")] = None
    """At most this many bytes of working memory, such as 4k."""
    needs: Annotated[str | None, option("LAYERS")] = None
    """Layers that must be there: bn, dropout, gap, dense, with commas between; gap/dense is one of the two."""
    input: Annotated[str | None, tyro.conf.arg(metavar="CxHxW", help_behavior_hint="(default: 1x28x28)")] = None
    """Size of an input picture: channels, height, width. A run has its own."""
    classes: Annotated[int | None, tyro.conf.arg(metavar="N", help_behavior_hint="(default: 10)")] = None
    """Number of classes that a notation must end in. A run has its own."""
    runs_dir: RunsDir = RUNS_DIR


def run(arguments: Arguments, output: Output) -> int:
    """Print the budget's lines, met or missed."""
    from tersenet.networks import Budget, budget_table, check_budget, summarize

    if all(getattr(arguments, name) is None for name in ("parameters", "macs", "flash", "ram", "needs")):
        raise TersenetError("There is nothing to check.", expected="--parameters, --macs, --flash, --ram or --needs")
    size = None if arguments.input is None else input_size(arguments.input)
    check_setting(arguments.classes is None or arguments.classes >= 1, "--classes", arguments.classes, "1 or more")
    parameters = None if arguments.parameters is None else _count(arguments.parameters, "--parameters")
    budget = Budget(parameters=parameters, layers=_layers(arguments.needs))
    limits = {
        "MACs": None if arguments.macs is None else _count(arguments.macs, "--macs"),
        "flash, constants": None if arguments.flash is None else size_in_bytes(arguments.flash, "--flash"),
        "RAM, working memory": None if arguments.ram is None else size_in_bytes(arguments.ram, "--ram"),
    }
    subject = subject_of(arguments.network, arguments.runs_dir, size, arguments.classes)
    summary = summarize(subject.module, subject.size)
    lines = (*check_budget(budget, summary), *_limit_lines(limits, summary, subject.module))
    missed = [line for line in lines if not line.met]
    verdict = f"{len(missed)} of {len(lines)} missed" if missed else "every line met"
    output.say(f"{subject.title}: {verdict}", style="bold red" if missed else "bold")
    output.say(budget_table(lines))
    output.document({"network": subject.title, "met": not missed, "budget": [asdict(line) for line in lines]})
    return BUDGET_MISSED if missed else DONE


def _limit_lines(limits: dict[str, int | None], summary: Summary, module: nn.Module) -> list[BudgetLine]:
    from tersenet.networks import BudgetLine, NotationNetwork

    found: dict[str, int | None] = {"MACs": summary.macs}
    on_device = [name for name, limit in limits.items() if name != "MACs" and limit is not None]
    if on_device:
        from tersenet.export import device_sizes

        if not isinstance(module, NotationNetwork):
            raise TersenetError(
                "Bytes on a device are known for networks of notation alone.",
                got=f"a module of {type(module).__name__}",
                expected="a line of notation, or a network, experiment or run that has one",
                hint="leave out --flash and --ram",
            )
        sizes = device_sizes(module)
        found |= {"flash, constants": sizes.constants, "RAM, working memory": sizes.arena}
    lines = []
    for name, limit in limits.items():
        if limit is not None:
            value = found[name]
            if value is None:
                lines.append(BudgetLine(name, f"≤ {limit:,}", f"at least {summary.known_macs:,}", None))
            else:
                lines.append(BudgetLine(name, f"≤ {limit:,}", value, value <= limit))
    return lines


def _layers(needs: str | None) -> tuple[str, ...]:
    """The budget's names of the layers that are needed."""
    found = []
    for words in (needs or "").replace(" ", "").split(",") if needs else ():
        each = words.lower().split("/")
        for word in each:
            if word not in NEEDS:
                raise TersenetError(
                    "This layer cannot be asked for.",
                    got=word,
                    expected=", ".join(NEEDS),
                    where="--needs",
                    hint=did_you_mean(word, NEEDS),
                )
        found.append(" or ".join(NEEDS[word] for word in each))
    return tuple(found)


def _count(text: str, option: str) -> int:
    """A number as people write it.

    >>> _count("20000", "--parameters"), _count("1.5M", "--macs"), _count("20,000", "--macs")
    (20000, 1500000, 20000)
    """
    plain = text.strip().replace(",", "").replace("_", "").lower()
    unit = {"k": 1_000, "m": 1_000_000}.get(plain[-1:], 1)
    try:
        value = float(plain[:-1] if unit > 1 else plain) * unit
    except ValueError:
        value = 0
    check_setting(1 <= value < 10**15 and value == int(value), option, text, "a number such as 20000, 20k or 1.5M")
    return int(value)
