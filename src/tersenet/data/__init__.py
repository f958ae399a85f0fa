"""What goes in: named data sets, the embedded digits, folders of pictures, augmentation."""

from tersenet.data.catalog import load_data
from tersenet.data.dataset import Dataset, Split
from tersenet.data.idx import read_idx, write_idx

__all__ = ["Dataset", "Split", "load_data", "read_idx", "write_idx"]
