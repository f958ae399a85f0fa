"""Where a network is asked for: a known name first, then `file.py:Name`, else it is notation."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from tersenet._errors import TersenetError, did_you_mean
from tersenet.networks.build import build
from tersenet.networks.notation import parse
from tersenet.networks.zoo import NETWORKS


@dataclass(frozen=True)
class Design:
    """A network that was asked for: its name, its notation where it has one, and the module with fresh weights.

    The name of a network typed on the spot is `net-` and its number of parameters; that of one in a file, the
    name it has there.
    """

    name: str
    notation: str | None
    module: nn.Module


def find_network(spec: str, input_size: tuple[int, int, int] = (1, 28, 28), classes: int = 10) -> Design:
    """The network that a user means by `spec`, built for pictures `(C, H, W)` and so many classes.

    Raises TersenetError where there is no such file or name in it, or where the notation cannot be read or built.

    >>> find_network("gap-14320").notation
    '(16C3 R BN D.1)x3 AP2 32C3 R BN D.1 16C3 R BN GAP 10C1'
    >>> find_network("8C3 BN R GAP 10Nb").name
    'net-178'
    """
    known = NETWORKS.get(spec.strip().lower())
    if known is not None:
        return Design(known.name, known.notation, build(known.notation, input_size, classes))
    path, colon, name = spec.rpartition(":")
    if colon:
        return Design(name, None, _from_file(Path(path), name))
    if spec.strip().endswith(".py"):
        raise TersenetError(
            "A network in a file is named by the file and its name in it.", got=spec, expected="model.py:Net"
        )
    try:
        tree = parse(spec)
    except TersenetError as error:
        named = did_you_mean(spec.strip(), NETWORKS)
        if named or (error.hint is None and len(spec.split()) == 1):
            error.hint = named or "`tersenet networks` lists the named networks"
        raise
    module = build(tree, input_size, classes)
    return Design(f"net-{sum(p.numel() for p in module.parameters())}", str(tree), module)


def _from_file(path: Path, name: str) -> nn.Module:
    """The module that `name` in the file stands for: a class or a function without arguments, or a module."""
    if not path.is_file():
        raise TersenetError("There is no such file.", got=str(path), expected="a Python file, as in model.py:Net")
    content = vars(_load(path))
    if name not in content:
        makers = [key for key, value in content.items() if inspect.isclass(value) and issubclass(value, nn.Module)]
        raise TersenetError(
            "The file has no such name.",
            got=name,
            expected=", ".join(makers) or "the name of an nn.Module class, or of a function that makes one",
            where=path,
            hint=did_you_mean(name, makers),
        )
    found: Any = content[name]
    if callable(found) and not isinstance(found, nn.Module):
        try:
            found = found()
        except (Exception, SystemExit) as error:
            raise TersenetError(
                f"{name}() failed.",
                got=f"{type(error).__name__}: {error}",
                expected="a class or function that can be called without arguments",
                where=path,
            ) from error
    if not isinstance(found, nn.Module):
        raise TersenetError(
            "What stands under this name is no network.",
            got=f"{name}, of type {type(found).__name__}",
            expected="a torch.nn.Module, its class, or a function that makes one",
            where=path,
        )
    return found


def _load(path: Path) -> ModuleType:
    """The file, run as a module; files beside it can be imported from it."""
    path = path.resolve()
    spec = importlib.util.spec_from_file_location(f"tersenet_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise TersenetError("This is no Python file.", got=str(path), expected="a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == str(path)]
        line = f", line {lines[-1]}" if lines else ""
        raise TersenetError(
            "The file cannot be run.", got=f"{type(error).__name__}: {error}", where=f"{path}{line}"
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    return module
