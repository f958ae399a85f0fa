"""Where a network is asked for: a known name first, then `file.py:Name`, else it is notation."""

from __future__ import annotations

import inspect
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from tersenet._errors import TersenetError, did_you_mean, did_you_mean_file
from tersenet.data import DIGITS, MNIST_FORM
from tersenet.networks.adapt import with_classes
from tersenet.networks.build import build
from tersenet.networks.named_networks import NETWORKS
from tersenet.networks.notation import parse
from tersenet.networks.user_modules.user_code import UserCode
from tersenet.networks.user_modules.user_layout import ModuleLayout, find_layout

# What to install where a package is imported by another name.
PACKAGES = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}


@dataclass(frozen=True)
class ResolvedNetwork:
    """A network that was asked for: its name, its notation where it has one, and the module with fresh weights.

    The name of a network typed on the spot is `net-` and its number of parameters; that of one in a file, the
    name it has there. `code` is what ran to make it, where it came from a file.
    """

    name: str
    notation: str | None
    module: nn.Module
    code: UserCode | None = field(default=None, repr=False)


def find_network(
    spec: str,
    input_size: tuple[int, int, int] = MNIST_FORM.size,
    classes: int = len(DIGITS),
    *,
    run_files: bool = True,
) -> ResolvedNetwork:
    """The network that a user means by `spec`, built for pictures `(C, H, W)` and `classes` classes.

    A word of the form `file.py:Name` runs that file; with `run_files=False`, for a word that someone else wrote, it
    is an error. Raises TersenetError where the word is empty, where there is no such file or no such name in it, or
    where the notation cannot be read or built.

    >>> find_network("gap-14320").notation
    '(16C3 R BN D.1)x3 AP2 32C3 R BN D.1 16C3 R BN GAP 10C1'
    >>> find_network("stem-17150", (3, 32, 32), 5).notation  # as many outputs as classes
    '12C5s2 BN R 24C3 BN R 32C3 BN R MP2 24C3 BN R GAP 5Nb'
    >>> find_network("8C3 BN R GAP 10Nb").name
    'net-178'
    """
    check_network(spec)
    known = NETWORKS.get(spec.strip().lower())
    if known is not None:
        tree = parse(known.notation)
        if classes != len(DIGITS):
            tree = with_classes(tree, classes)
        return ResolvedNetwork(known.name, str(tree), build(tree, input_size, classes))
    if (named := in_file(spec)) is not None:
        path, name = named
        if not run_files:
            raise TersenetError("Python files are not run here.", got=spec, expected="a network in notation")
        module, code = run_code(find_layout(path), name)
        return ResolvedNetwork(name, None, module, code)
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
    if spec.strip().lower() in NETWORKS:
        return
    if (named := in_file(spec)) is not None:
        _check_file(named[0])
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


def in_file(spec: str) -> tuple[Path, str] | None:
    """The file and the name in it, where a word has the form `file.py:Name`; None for every other word.

    >>> str(in_file("nets/model.py:Net")[0]), in_file("nets/model.py:Net")[1]
    ('nets/model.py', 'Net')
    >>> in_file("8C3 BN R GAP 10Nb") is None
    True
    """
    path, colon, name = spec.rpartition(":")
    return (Path(path).expanduser(), name.strip()) if colon else None


def _check_file(path: Path) -> None:
    """Raise unless this is a Python file."""
    if not path.is_file():
        raise TersenetError(
            "There is no such file.",
            got=str(path),
            expected="a Python file, as in model.py:Net",
            hint=did_you_mean_file(path),
        )
    if path.suffix != ".py":
        is_notebook = path.suffix == ".ipynb"
        raise TersenetError(
            "This is not a Python file.",
            got=str(path),
            expected="a file that ends in .py",
            hint=f"jupyter nbconvert --to script {path.name}" if is_notebook else None,
        )


def run_code(layout: ModuleLayout, name: str) -> tuple[nn.Module, UserCode]:
    """Run a user's file, and make the network that is called `name` in it.

    `name` is a class or a function that can be called without arguments, or a module. Raises TersenetError where the
    file cannot be run, has no such name, or gives something else.
    """
    path, code = layout.root / layout.entry, UserCode(layout)
    try:
        content = vars(code.run())
    except (Exception, SystemExit) as error:
        raise TersenetError(
            "The file cannot be run.", got=_said(error), where=_place(error, path), hint=_hint(error)
        ) from error
    if name not in content:
        makers = [
            key
            for key, value in content.items()
            if inspect.isclass(value) and issubclass(value, nn.Module) and value.__module__ == code.name
        ]
        raise TersenetError(
            "The file has no such name.",
            got=name or "no name after the colon",
            expected=", ".join(makers) or "the name of an nn.Module class, or of a function that makes one",
            where=path,
            hint=did_you_mean(name, makers),
        )
    found: Any = content[name]
    if callable(found) and not isinstance(found, nn.Module):
        found = _called(code, found, name, path)
    if not isinstance(found, nn.Module):
        is_call = callable(content[name])
        raise TersenetError(
            f"{name}() does not return a network." if is_call else "This name does not refer to a network.",
            got=f"{'a value' if is_call else name} of type {type(found).__name__}",
            expected="a torch.nn.Module" + ("" if is_call else ", its class, or a function that makes one"),
            where=path,
        )
    return found, code


def _called(code: UserCode, maker: Any, name: str, path: Path) -> Any:
    """What a class or function gives when it is called without arguments."""
    needed = _needed_arguments(maker)
    if needed:
        raise TersenetError(
            f"{name} cannot be called without arguments.",
            got=f"{name} needs {', '.join(needed)}",
            expected="a class or function that takes no arguments",
            where=path,
            hint=f"give them defaults, or write a function beside it and name that:\n"
            f"def make(): return {name}({', '.join(f'{each}=…' for each in needed)})",
        )
    try:
        with code.as_own_program():
            return maker()
    except (Exception, SystemExit) as error:
        raise TersenetError(
            f"{name}() failed.", got=_said(error), where=_place(error, path), hint=_hint(error)
        ) from error


def _needed_arguments(maker: Any) -> list[str]:
    """The arguments that a call must give; none where a signature cannot be told."""
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (ValueError, TypeError):
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [each.name for each in parameters if each.default is each.empty and each.kind not in variable]


def _place(error: BaseException, path: Path) -> str:
    """The file, and the last of its lines that an error came through."""
    lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == str(path)]
    return f"{path}, line {lines[-1]}" if lines else str(path)


def _said(error: BaseException) -> str:
    """An error in one line or two, as Python says it."""
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else repr(error.code)})"
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _hint(error: BaseException) -> str | None:
    """What helps against a missing package; None for all other errors."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    missing = error.name.partition(".")[0]
    if missing in ("torchvision", "torchaudio"):
        return (
            f"remove the import: a network does not need {missing}, and Tersenet reads and augments the pictures.\n"
            f"{missing} only works with the build of torch that it was made for"
        )
    package = PACKAGES.get(missing, missing)
    return f"if {missing} is a package: pip install {package}\nif it is a file of yours: put it beside the network's"
