"""The named data sets: what they are about, and of published ones the files, servers and checksums.

To add one: its entry here, and a place in the tuple at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tersenet.data.form import MNIST_FORM, Form

DIGITS = tuple("0123456789")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One file of a data set: its name as published, its shape, and what is known of its bytes.

    `md5` is published for the `.gz` archive; `sha256` is of the decompressed payload, None where none is published.
    """

    name: str
    shape: tuple[int, ...]
    md5: str
    sha256: str | None = None

    @property
    def plain_name(self) -> str:
        """The name once decompressed."""
        return self.name.removesuffix(".gz")


@dataclass(frozen=True, kw_only=True)
class DrawnSet:
    """A data set that Tersenet draws itself: it has no files, and is always here."""

    name: str
    about: str
    train: int
    test: int
    classes: tuple[str, ...]
    licence: str


@dataclass(frozen=True, kw_only=True)
class OtherName:
    """A name that stands for another set, and when."""

    name: str
    about: str


@dataclass(frozen=True, kw_only=True)
class NamedSet:
    """A published data set: four archives, the servers that have them in the order tried, and what it is about."""

    name: str
    torchvision: str
    homes: tuple[str, ...]
    train_images: Archive
    train_labels: Archive
    test_images: Archive
    test_labels: Archive
    classes: tuple[str, ...]
    about: str
    licence: str
    form: Form | None = None  # with the published mean and deviation; None: grey, measured on its training pictures

    @property
    def train(self) -> int:
        """Number of its training pictures."""
        return self.train_labels.shape[0]

    @property
    def test(self) -> int:
        """Number of its test pictures."""
        return self.test_labels.shape[0]

    @property
    def archives(self) -> tuple[Archive, Archive, Archive, Archive]:
        """All four, pictures before labels."""
        return self.train_images, self.train_labels, self.test_images, self.test_labels


MNIST = NamedSet(
    name="mnist",
    torchvision="MNIST",
    homes=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    train_images=Archive(
        name="train-images-idx3-ubyte.gz",
        shape=(60_000, 28, 28),
        md5="f68b3c2dcbeaaa9fbdd348bbdeb94873",
        sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    train_labels=Archive(
        name="train-labels-idx1-ubyte.gz",
        shape=(60_000,),
        md5="d53e105ee54ea40749a09fcbcd1e9432",
        sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    test_images=Archive(
        name="t10k-images-idx3-ubyte.gz",
        shape=(10_000, 28, 28),
        md5="9fb629c4189551a2d022fa330f9573f3",
        sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    test_labels=Archive(
        name="t10k-labels-idx1-ubyte.gz",
        shape=(10_000,),
        md5="ec29112dd5afa0611ce80d1b7f02629c",
        sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    classes=DIGITS,
    about="handwritten digits",
    licence="CC BY-SA 3.0",
    form=MNIST_FORM,
)

FASHION_MNIST = NamedSet(
    name="fashion-mnist",
    torchvision="FashionMNIST",
    homes=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    train_images=Archive(
        name="train-images-idx3-ubyte.gz", shape=(60_000, 28, 28), md5="8d4fb7e6c68d591d4c3dfef9ec88bf0d"
    ),
    train_labels=Archive(name="train-labels-idx1-ubyte.gz", shape=(60_000,), md5="25c81989df183df01b3e8a0aad5dffbe"),
    test_images=Archive(
        name="t10k-images-idx3-ubyte.gz", shape=(10_000, 28, 28), md5="bef4ecab320f06d8554ea6380940ec79"
    ),
    test_labels=Archive(name="t10k-labels-idx1-ubyte.gz", shape=(10_000,), md5="bb300cfdad3c16e7a12a480ee83cd310"),
    classes=(
        "T-shirt",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    about="pieces of clothing",
    licence="MIT",
    form=replace(MNIST_FORM, mean=(0.2860,), deviation=(0.3530,)),
)

KMNIST = NamedSet(
    name="kmnist",
    torchvision="KMNIST",
    homes=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    train_images=Archive(
        name="train-images-idx3-ubyte.gz", shape=(60_000, 28, 28), md5="bdb82020997e1d708af4cf47b453dcf7"
    ),
    train_labels=Archive(name="train-labels-idx1-ubyte.gz", shape=(60_000,), md5="e144d726b3acfaa3e44228e80efcd344"),
    test_images=Archive(
        name="t10k-images-idx3-ubyte.gz", shape=(10_000, 28, 28), md5="5c965bf0a639b31b8f53240b1b52f4d7"
    ),
    test_labels=Archive(name="t10k-labels-idx1-ubyte.gz", shape=(10_000,), md5="7320c461ea6c1c855c0b718fb2a4b134"),
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    about="cursive Japanese characters",
    licence="CC BY-SA 4.0",
)

# The labels of QMNIST are a table of eight columns; the first is the digit. Its test split is all 60,000 digits that
# MNIST's 10,000 were taken from (Yadav and Bottou, Cold Case: the Lost MNIST Digits, 2019).
QMNIST = NamedSet(
    name="qmnist",
    torchvision="QMNIST",
    homes=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
    train_images=Archive(
        name="qmnist-train-images-idx3-ubyte.gz", shape=(60_000, 28, 28), md5="ed72d4157d28c017586c42bc6afe6370"
    ),
    train_labels=Archive(
        name="qmnist-train-labels-idx2-int.gz", shape=(60_000, 8), md5="0058f8dd561b90ffdd0f734c6a30e5e4"
    ),
    test_images=Archive(
        name="qmnist-test-images-idx3-ubyte.gz", shape=(60_000, 28, 28), md5="1394631089c404de565df7b7aeaf9412"
    ),
    test_labels=Archive(
        name="qmnist-test-labels-idx2-int.gz", shape=(60_000, 8), md5="5b5b05890a5e13444e108efe57b788aa"
    ),
    classes=DIGITS,
    about="MNIST rebuilt from its source",
    licence="BSD 3-Clause",
    form=MNIST_FORM,
)

SYNTHETIC = DrawnSet(
    name="synthetic",
    about="digits drawn by Tersenet",
    train=60_000,
    test=10_000,
    classes=DIGITS,
    licence="as Tersenet",
)

AUTO = OtherName(name="auto", about="mnist, or synthetic if there is no MNIST")

NAMED_SETS = {named.name: named for named in (MNIST, FASHION_MNIST, KMNIST, QMNIST)}
KNOWN_SETS: dict[str, NamedSet | DrawnSet] = {**NAMED_SETS, SYNTHETIC.name: SYNTHETIC}
"""Every set that is the same everywhere: what a claim may be about."""
NAMES = (*KNOWN_SETS, AUTO.name)
"""Every name that is not a path."""
