"""Where a network is asked for: a known name first, then `file.py:Name`, else it is notation."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import nn

from tersenet._errors import TersenetError, did_you_mean
from tersenet.data import DIGITS, MNIST_FORM
from tersenet.networks.adapt import with_classes
from tersenet.networks.build import build
from tersenet.networks.by_size import AUTO, default_network
from tersenet.networks.from_file import check_call, check_file, in_file, run_code
from tersenet.networks.named_networks import NETWORKS
from tersenet.networks.notation import parse
from tersenet.networks.user_modules.user_code import UserCode
from tersenet.networks.user_modules.user_layout import find_layout


@dataclass(frozen=True)
class ResolvedNetwork:
    """A network that was asked for: its name, its notation where it has one, and the module with fresh weights.

    The name of a network typed on the spot is `net-` and its number of parameters; that of one in a file, the
    name it has there; `call` has the arguments too. `code` is what ran to make it, where it came from a file.
    """

    name: str
    notation: str | None
    module: nn.Module
    code: UserCode | None = field(default=None, repr=False)
    call: str = ""


def find_network(
    spec: str,
    input_size: tuple[int, int, int] = MNIST_FORM.size,
    classes: int = len(DIGITS),
    *,
    run_files: bool = True,
) -> ResolvedNetwork:
    """The network that a user means by `spec`, built for pictures `(C, H, W)` and `classes` classes.

    A word of the form `file.py:Name` or `file.py:Name(width=16)` runs that file; with `run_files=False`, for a word
    that someone else wrote, it is an error. Raises TersenetError where the word is empty, where there is no such file
    or no such name in it, or where the notation cannot be read or built.

    >>> find_network("gap-14320").notation
    '(16C3 R BN D.1)x3 AP2 32C3 R BN D.1 16C3 R BN GAP 10C1'
    >>> find_network("stem-17150", (3, 32, 32), 5).notation  # as many outputs as classes
    '12C5s2 BN R 24C3 BN R 32C3 BN R MP2 24C3 BN R GAP 5Nb'
    >>> find_network("8C3 BN R GAP 10Nb").name
    'net-178'
    """
    check_network(spec)
    word = spec.strip().lower()
    if word == AUTO:
        spec = default_network(input_size, classes)
    known = NETWORKS.get(word)
    if known is not None:
        tree = parse(known.notation)
        if classes != len(DIGITS):
            tree = with_classes(tree, classes)
        return ResolvedNetwork(known.name, str(tree), build(tree, input_size, classes))
    if (named := in_file(spec)) is not None:
        path, call = named
        if not run_files:
            raise TersenetError("Python files are not run here.", got=spec, expected="a network in notation")
        module, code = run_code(find_layout(path), call)
        return ResolvedNetwork(call.partition("(")[0], None, module, code, call)
    tree = parse(spec)
    module = build(tree, input_size, classes)
    return ResolvedNetwork(f"net-{sum(p.numel() for p in module.parameters())}", str(tree), module)


def check_network(spec: str) -> None:
    """Raise TersenetError where a word cannot be a network, whatever the data: it costs nothing, data may cost long.

    >>> check_network("gap-14320"), check_network("8C3 BN R GAP 10Nb")
    (None, None)
    """
    if not spec.strip():
        raise TersenetError(
            "No network is named.",
            got="an empty word",
            expected="a named network, file.py:Name, or notation",
            hint="`tersenet networks` lists the named networks",
        )
    if spec.strip().lower() in (AUTO, *NETWORKS):
        return
    if (named := in_file(spec)) is not None:
        check_file(named[0])
        check_call(named[1])
        return
    if spec.strip().endswith(".py"):
        raise TersenetError("A network in a file is given as file.py:Name.", got=spec, expected="model.py:Net")
    try:
        parse(spec)
    except TersenetError as error:
        near = did_you_mean(spec.strip(), NETWORKS)
        if near or (error.hint is None and len(spec.split()) == 1):
            error.hint = near or "`tersenet networks` lists the named networks"
        raise
