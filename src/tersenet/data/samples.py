"""Three pictures of digits that come with the package, to try `tersenet predict` and `tersenet explain` on."""

from __future__ import annotations

from pathlib import Path

from tersenet._errors import TersenetError
from tersenet._files import write_whole

FOLDER = Path(__file__).parent / "sample_digits"


def write_samples(folder: str | Path = ".") -> list[Path]:
    """Copy the sample digits into `folder`, which is made where it is missing; return their paths.

    A file of the same name with other content is left as it is. Raises TersenetError then, and where nothing can be
    written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_samples(folder)]
    ['five.png', 'seven.png', 'three.png']
    """
    samples = {Path(folder) / sample.name: sample.read_bytes() for sample in sorted(FOLDER.glob("*.png"))}
    for path, content in samples.items():
        if path.exists() and not (path.is_file() and path.read_bytes() == content):
            raise TersenetError(
                "A different file of this name exists; it was not changed.",
                got=path,
                hint="choose another folder: tersenet data samples FOLDER",
            )
    return [write_whole(path, content) for path, content in samples.items()]
