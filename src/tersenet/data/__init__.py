"""What goes in: named data sets, the embedded digits, folders of pictures, augmentation."""

from tersenet.data.augment import (
    POLICY_A,
    Augmentation,
    affine_maps,
    augment,
    check_sizes,
)
from tersenet.data.cache import find_cache_dir
from tersenet.data.catalog import PATHS, absolute_name, fetch_data, find_here, is_named, load_data
from tersenet.data.classes import match_classes
from tersenet.data.counts import ClassCounts, count_classes, some_of_each
from tersenet.data.dataset import Dataset, Split
from tersenet.data.download import Progress
from tersenet.data.drawn.strokes import read_path
from tersenet.data.drawn.synthetic import SHA256, checksum, draw_synthetic, load_synthetic
from tersenet.data.files.registry import FILE_KINDS
from tersenet.data.form import MNIST_FORM, Beyond, Form, form_of, form_of_an_early_run
from tersenet.data.formats.folder_files import list_pictures, printable
from tersenet.data.formats.folder_name import FolderName, parse_folder_name, with_form, with_skip_bad
from tersenet.data.formats.idx import read_idx, write_idx
from tersenet.data.formats.mnist_form import FittedDigit, fit_digit, second_mark
from tersenet.data.formats.picture_folder import read_folder
from tersenet.data.formats.read_picture import Picture, open_picture, read_picture
from tersenet.data.listing import ListedSet, list_sets
from tersenet.data.local_copies import UNCHECKED, LocalCopy, check_holding, find_holding, list_places
from tersenet.data.named_sets import DIGITS, KNOWN_SETS, NAMED_SETS
from tersenet.data.pixels.mix import mix
from tersenet.data.pixels.transform import BatchTransform, transformed
from tersenet.data.previews import preview
from tersenet.data.samples import FOLDER, write_samples

__all__ = [
    "DIGITS",
    "FILE_KINDS",
    "FOLDER",
    "KNOWN_SETS",
    "MNIST_FORM",
    "NAMED_SETS",
    "PATHS",
    "POLICY_A",
    "SHA256",
    "UNCHECKED",
    "Augmentation",
    "BatchTransform",
    "Beyond",
    "ClassCounts",
    "Dataset",
    "FittedDigit",
    "FolderName",
    "Form",
    "ListedSet",
    "LocalCopy",
    "Picture",
    "Progress",
    "Split",
    "absolute_name",
    "affine_maps",
    "augment",
    "check_holding",
    "check_sizes",
    "checksum",
    "count_classes",
    "draw_synthetic",
    "fetch_data",
    "find_cache_dir",
    "find_here",
    "find_holding",
    "fit_digit",
    "form_of",
    "form_of_an_early_run",
    "is_named",
    "list_pictures",
    "list_places",
    "list_sets",
    "load_data",
    "load_synthetic",
    "match_classes",
    "mix",
    "open_picture",
    "parse_folder_name",
    "preview",
    "printable",
    "read_folder",
    "read_idx",
    "read_path",
    "read_picture",
    "second_mark",
    "some_of_each",
    "transformed",
    "with_form",
    "with_skip_bad",
    "write_idx",
    "write_samples",
]
