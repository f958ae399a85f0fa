"""What goes in: named data sets, the embedded digits, folders of pictures, augmentation."""

from tersenet.data.augment import DEVIATION, MEAN, POLICY_A, Augmentation, augment, normalize
from tersenet.data.catalog import load_data
from tersenet.data.classes import match_classes
from tersenet.data.dataset import Dataset, Split
from tersenet.data.folder import read_folder, with_skip_bad
from tersenet.data.idx import read_idx, write_idx
from tersenet.data.pictures import Picture, open_picture, read_picture
from tersenet.data.samples import write_samples
from tersenet.data.synthetic import draw_synthetic

__all__ = [
    "DEVIATION",
    "MEAN",
    "POLICY_A",
    "Augmentation",
    "Dataset",
    "Picture",
    "Split",
    "augment",
    "draw_synthetic",
    "load_data",
    "match_classes",
    "normalize",
    "open_picture",
    "read_folder",
    "read_idx",
    "read_picture",
    "with_skip_bad",
    "write_idx",
    "write_samples",
]
