"""What goes in: named data sets, the embedded digits, folders of pictures, augmentation."""

from tersenet.data.dataset import Dataset, Split

__all__ = ["Dataset", "Split"]
