"""Arrays of numpy in one file (`numpy.savez`), as Keras, MedMNIST and many others publish small pictures."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from tersenet._errors import TersenetError
from tersenet.data.files.file_kind import FileKind, LabelledArrays

LARGEST = 2 * 1024**3
"""Bytes that the arrays of a file may have, unpacked."""

# Names of pictures and labels, training and test; a third pair is added to the training pictures.
SPLITS = (
    ("x_train", "y_train", "x_test", "y_test"),
    ("train_images", "train_labels", "test_images", "test_labels"),
    ("train_x", "train_y", "test_x", "test_y"),
)
WHOLE = (("images", "labels"), ("x", "y"), ("data", "target"), ("data", "labels"))
VALIDATION = {
    "x_train": ("x_val", "y_val"),
    "train_images": ("val_images", "val_labels"),
    "train_x": ("val_x", "val_y"),
}
CLASSES = ("classes", "class_names", "label_names", "target_names")


def read_npz(path: Path) -> LabelledArrays:
    """The arrays of an `.npz`; nothing in it is executed. Raises TersenetError where it is not one, or too large."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > LARGEST:
            raise TersenetError(
                "The file unpacks to more than a data set may have.",
                got=f"{size:,} bytes",
                expected=f"at most {LARGEST:,}",
                where=path,
            )
        with np.load(path, allow_pickle=False) as stored:
            found = {name.lower(): np.asarray(stored[name]) for name in stored.files}
    except (zipfile.BadZipFile, EOFError, KeyError, zipfile.LargeZipFile, NotImplementedError) as error:
        raise TersenetError("This is not an .npz file of numpy, or it is damaged.", got=error, where=path) from None
    except ValueError as error:  # objects, which only unpickling would make
        raise TersenetError(
            "An array of the file cannot be read.", got=error, expected="arrays of numbers or of text", where=path
        ) from None
    except OSError as error:
        raise TersenetError("The file cannot be read.", got=error.strerror or error, where=path) from None
    return _chosen(found, path)


def _chosen(found: dict[str, np.ndarray], path: Path) -> LabelledArrays:
    names = next((tuple(map(str, found[name].ravel())) for name in CLASSES if name in found), None)
    for split in SPLITS:
        if set(split) <= set(found):
            images, labels = [found[split[0]]], [found[split[1]]]
            more = VALIDATION[split[0]]
            if set(more) <= set(found) and found[more[0]].shape[1:] == images[0].shape[1:]:
                images.append(found[more[0]])
                labels.append(found[more[1]])
            return LabelledArrays(
                images=np.concatenate(images),
                labels=np.concatenate(labels),
                test_images=found[split[2]],
                test_labels=found[split[3]],
                classes=names,
            )
    for images_name, labels_name in WHOLE:
        if images_name in found and labels_name in found:
            return LabelledArrays(images=found[images_name], labels=found[labels_name], classes=names)
    shown = ", ".join(f"{name} {'×'.join(map(str, array.shape))}" for name, array in list(found.items())[:6])
    raise TersenetError(
        "The arrays of the file have no names that are known.",
        got=shown or "no arrays",
        expected="x_train, y_train, x_test and y_test; train_images, train_labels, …; or images and labels",
        where=path,
        hint='numpy.savez("signs.npz", images=pictures, labels=labels)',
    )


KIND = FileKind(
    word="npz",
    pattern="FILE.npz",
    about="arrays of numpy: x_train, y_train, …, or images and labels",
    ending=".npz",
    takes=lambda path: path.is_file() and path.suffix.lower() == ".npz",
    read=read_npz,
)
