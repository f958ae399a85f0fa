"""Networks and transforms in a user's Python file: `file.py:Name`, `file.py:Name(width=16)`."""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from tersenet._errors import TersenetError, did_you_mean, did_you_mean_file
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

WITH_ARGUMENTS = re.compile(r"(?P<path>.+?):\s*(?P<call>\w+\s*\(.*\))\s*", re.DOTALL)


def in_file(spec: str) -> tuple[Path, str] | None:
    """The file and the name in it, where a word has the form `file.py:Name`; None for every other word.

    The name may come with arguments.

    >>> str(in_file("nets/model.py:Net")[0]), in_file("nets/model.py:Net")[1]
    ('nets/model.py', 'Net')
    >>> in_file("model.py:Net(sizes={'a': 1})")[1]
    "Net(sizes={'a': 1})"
    >>> in_file("8C3 BN R GAP 10Nb") is None
    True
    """
    found = WITH_ARGUMENTS.fullmatch(spec)
    if found:
        return Path(found["path"]).expanduser(), found["call"].strip()
    path, colon, name = spec.rpartition(":")
    return (Path(path).expanduser(), name.strip()) if colon else None


@dataclass(frozen=True)
class NamedCall:
    """A name in a file, and the arguments that it is called with."""

    name: str
    positional: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def given(self) -> bool:
        """Whether any argument is given."""
        return bool(self.positional or self.keywords)


def check_call(text: str) -> NamedCall:
    """A name, with arguments or without; these are literals (numbers, texts, lists, …), and nothing is executed.

    Raises TersenetError where they are something else.

    >>> check_call('Net(16, norm="bn")')
    NamedCall(name='Net', positional=(16,), keywords={'norm': 'bn'})
    """
    name, paren, _ = text.partition("(")
    if not paren:
        return NamedCall(text)
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call) or any(each.arg is None for each in call.keywords):
            raise ValueError
        positional = tuple(ast.literal_eval(each) for each in call.args)
        keywords = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise TersenetError(
            "The arguments of the network cannot be read.",
            got=text,
            expected='literals: numbers, "texts", True, None, lists and tuples of them',
            hint='model.py:Net(16, norm="bn")',
        ) from None
    return NamedCall(name.strip(), positional, keywords)


def check_file(path: Path) -> None:
    """Raise TersenetError unless this is a Python file."""
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


def run_code(layout: ModuleLayout, text: str) -> tuple[nn.Module, UserCode]:
    """Run a user's file, and make the network that `text` says: a name in it, with arguments or without.

    The name is a class, a function, or without arguments a module. Raises TersenetError where the file cannot be run,
    has no such name, or gives something else.
    """
    call = check_call(text)
    name, path, code = call.name, layout.root / layout.entry, UserCode(layout)
    content = _content(code, path)
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
        found = _called(code, found, call, path)
    elif call.given:
        raise TersenetError("A module that is made already takes no arguments.", got=text, where=path)
    if not isinstance(found, nn.Module):
        is_call = callable(content[name])
        raise TersenetError(
            f"{name}() does not return a network." if is_call else "This name does not refer to a network.",
            got=f"{'a value' if is_call else name} of type {type(found).__name__}",
            expected="a torch.nn.Module" + ("" if is_call else ", its class, or a function that makes one"),
            where=path,
        )
    return found, code


def load_transform(spec: str) -> Any:
    """The transform of pictures that `file.py:NAME` means: a function of a whole batch, or a transform object.

    Raises TersenetError where there is none.
    """
    named = in_file(spec)
    if named is None:
        raise TersenetError("A transform is named by its file.", got=spec, expected="FILE.py:NAME")
    path, name = named
    check_file(path)
    layout = find_layout(path)
    content = _content(UserCode(layout), path)
    if not callable(content.get(name)):
        raise TersenetError(
            "The file has no such transform.",
            got=name,
            expected="a function that takes floats [N, C, H, W] and returns as many, or a transform object",
            where=path,
            hint=did_you_mean(name, [key for key, value in content.items() if callable(value)]),
        )
    return content[name]


def _content(code: UserCode, path: Path) -> dict[str, Any]:
    """The names in a file, once it has run."""
    try:
        return vars(code.run())
    except (Exception, SystemExit) as error:
        raise TersenetError(
            "The file cannot be run.", got=_said(error), where=_place(error, path), hint=_hint(error)
        ) from error


def _called(code: UserCode, maker: Any, call: NamedCall, path: Path) -> Any:
    """What a class or function gives when it is called."""
    name = call.name
    needed = [] if call.given else _needed_arguments(maker)
    if needed:
        raise TersenetError(
            f"{name} cannot be called without arguments.",
            got=f"{name} needs {', '.join(needed)}",
            expected="a class or function that needs none, or its arguments",
            where=path,
            hint=f"name them: {path.name}:{name}({', '.join(f'{each}=…' for each in needed)})\nor give them defaults",
        )
    try:
        with code.as_own_program():
            return maker(*call.positional, **call.keywords)
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
