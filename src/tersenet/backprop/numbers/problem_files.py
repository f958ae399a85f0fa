"""Numbers from TOML files: for a network, a convolution, or a batch to normalise."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from tersenet._errors import TersenetError, did_you_mean_file


class ProblemFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a TOML file may hold; every key may be left out."""

    example: str = "course"
    sizes: list[int] | str | None = None
    activation: str | list[str] | None = None
    loss: str | None = None
    inputs: list[float | list[float]] | None = None
    targets: list[float | list[float]] | None = None
    weights: list[float] | dict[str, float] | None = None
    biases: list[float] | dict[str, float] | None = None
    train_biases: bool | None = None
    seed: int | None = None


class ConvolutionFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a TOML file for the convolution may hold; every key may be left out."""

    image: list[list[float]] | None = None
    kernel: list[list[float]] | None = None
    dense: list[float] | None = None
    bias: float | None = None
    dense_bias: float | None = None
    target: float | None = None
    pooling: str | None = None
    pool: int | None = None


class BatchFile(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename={"x": "batch"}):
    """What a TOML file for batch normalisation may hold; every key may be left out."""

    x: list[float] | None = None
    targets: list[float] | None = None
    gamma: float | None = None
    beta: float | None = None
    epsilon: float | None = None


def read_convolution(path: Path | str) -> dict[str, Any]:
    """The numbers in a TOML file, as keyword arguments for `convolve`; errors as in `read_problem`."""
    return _read(path, ConvolutionFile)


def read_batch(path: Path | str) -> dict[str, Any]:
    """The numbers in a TOML file, as keyword arguments for `normalize_batch`; errors as in `read_problem`."""
    return _read(path, BatchFile)


def read_problem(path: Path | str) -> dict[str, Any]:
    """The choices in a TOML file, as keyword arguments for `make_problem`.

    Raises `TersenetError` where the file is missing, is not TOML, or holds an unknown key or a value of the wrong
    kind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "own.toml").write_text("targets = [0.01, 0.99]")
    ...     read_problem(Path(folder, "own.toml"))
    {'example': 'course', 'targets': [0.01, 0.99]}
    """
    return _read(path, ProblemFile)


def _read(path: Path | str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    path = Path(path)
    try:
        content = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except FileNotFoundError:
        expected = "a TOML file of numbers"
        hint = did_you_mean_file(path)
        raise TersenetError("There is no such file.", got=path, expected=expected, hint=hint) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        expected = "lines such as targets = [0.5, 0.5]"
        raise TersenetError("The file is not TOML.", got=error, expected=expected, where=path) from None
    except msgspec.ValidationError as error:
        expected = f"the keys {', '.join(kind.__struct_encode_fields__)}"
        raise TersenetError("The file does not fit.", got=error, expected=expected, where=path) from None
    return {name: value for name, value in msgspec.structs.asdict(content).items() if value is not None}
