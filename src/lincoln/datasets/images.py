"""MNIST and Fashion-MNIST: found on this computer, or downloaded once from their public mirrors."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..exc import DataError, MissingDataError
from .download import TIMEOUT, fetch_all, say

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Images", "fashion_mnist", "mnist"]


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Images of one size with their classes, for training and for the test that is published with them.

    Attributes:
        x_train, x_test: ``(n, height, width)``, uint8, 0 to 255.
        y_train, y_test: ``(n,)``, int64: the number of each image's class.
        classes: the classes' names, in the order of their numbers.

    >>> x, y = np.array([[[0, 255]], [[255, 0]]], dtype=np.uint8), np.array([0, 1])
    >>> images = Images(x_train=x, y_train=y, x_test=x, y_test=y, classes=("left", "right"))
    >>> images
    Images(x_train (2, 1, 2) uint8, x_test (2, 1, 2) uint8, 2 classes)
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]

    def normalized(self, *, flat: bool = True) -> Images:
        """The same images in float32 with mean 0 and standard deviation 1, both measured on all training pixels.

        Args:
            flat: each image as one row, ``(n, height × width)``; else with one channel, ``(n, height, width, 1)``.

        Raises:
            DataError: the images are normalized already.

        >>> x, y = np.array([[[0, 255]], [[255, 0]]], dtype=np.uint8), np.array([0, 1])
        >>> Images(x_train=x, y_train=y, x_test=x, y_test=y, classes=("left", "right")).normalized().x_train
        array([[-1.,  1.],
               [ 1., -1.]], dtype=float32)
        """
        if self.x_train.dtype != np.uint8:
            raise DataError(
                code="LN233",
                where="Images.normalized",
                saw=f"images of {self.x_train.dtype}",
                why="they are normalized already",
                fix="call normalized() once, on what mnist() or fashion_mnist() gives",
            )
        values = _normal_values(self.x_train)
        train, test = (_shaped(values[x], flat) for x in (self.x_train, self.x_test))
        return replace(self, x_train=train, x_test=test)

    def __repr__(self) -> str:
        train, test = (f"{x.shape} {x.dtype}" for x in (self.x_train, self.x_test))
        return f"Images(x_train {train}, x_test {test}, {len(self.classes)} classes)"


@dataclass(frozen=True)
class Source:
    """Where a set of images comes from: its file's name, the mirrors, and the MD5 of the four files they hold."""

    name: str
    mirrors: tuple[str, ...]
    md5: tuple[str, str, str, str]
    classes: tuple[str, ...]
    timeout: float = TIMEOUT


ARRAYS = ("x_train", "y_train", "x_test", "y_test")
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
MNIST = Source(
    name="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    md5=(
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    classes=tuple("0123456789"),
)
FASHION_MNIST = Source(
    name="fashion_mnist",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    md5=(
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)


def mnist() -> Images:
    """Handwritten digits: 60,000 training and 10,000 test images of 28 × 28 pixels (LeCun, Cortes, Burges).

    Looked for as ``mnist.npz`` in the folder that the environment variable ``LINCOLN_DATA`` names, then in the cache
    (``LINCOLN_CACHE``, or the place for caches on this system), then downloaded there: 11 MB, checked by MD5.

    Raises:
        MissingDataError: found in neither place, and no mirror gave it; it says where it looked.
        DataError: the file found is damaged.

    >>> mnist()  # doctest: +SKIP
    Images(x_train (60000, 28, 28) uint8, x_test (10000, 28, 28) uint8, 10 classes)
    """
    return load(MNIST)


def fashion_mnist() -> Images:
    """Articles of clothing: 60,000 training and 10,000 test images of 28 × 28 pixels (Xiao, Rasul, Vollgraf 2017).

    Looked for and downloaded (30 MB) as `mnist` is, under the name ``fashion_mnist.npz``.

    Raises:
        MissingDataError, DataError: as `mnist`.

    >>> fashion_mnist().classes[9]  # doctest: +SKIP
    'Ankle boot'
    """
    return load(FASHION_MNIST)


def load(source: Source) -> Images:
    """The images of a source, from this computer or from its mirrors."""
    file = f"{source.name}.npz"
    places = [folder / file for folder in _folders()]
    for place in places:
        if place.is_file():
            return _images(source, _read_npz(place))
    files = dict(zip(FILES, source.md5, strict=True))
    contents, failures = fetch_all(files, mirrors=source.mirrors, timeout=source.timeout)
    if len(contents) < len(files):
        raise _missing(source, places, failures)
    found = {name: _parse_idx(contents[file]) for name, file in zip(ARRAYS, FILES, strict=True)}
    _keep(places[-1], found)
    return _images(source, found)


def cache_folder() -> Path:
    """Where downloads are kept: ``LINCOLN_CACHE``, or ``lincoln`` in this system's place for caches."""
    from pathlib import Path

    if chosen := os.environ.get("LINCOLN_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "lincoln" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "lincoln"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lincoln"


def _folders() -> Iterator[Path]:
    from pathlib import Path

    if chosen := os.environ.get("LINCOLN_DATA"):
        yield Path(chosen).expanduser()
    yield cache_folder()


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    from zipfile import BadZipFile
    from zlib import error as bad_content

    try:
        with np.load(path, allow_pickle=False) as file:
            found = {name: file[name] for name in ARRAYS}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, bad_content) as error:
        raise _damaged(path, str(error)) from error
    for part in ("train", "test"):
        x, y = found[f"x_{part}"], found[f"y_{part}"]
        if x.ndim != 3 or x.dtype != np.uint8 or y.shape != (len(x),):
            raise _damaged(path, f"x_{part} {x.shape} {x.dtype}, y_{part} {y.shape}")
    return found


def _damaged(path: Path, saw: str) -> DataError:
    return DataError(
        code="LN231",
        where="datasets",
        saw=f"{path}: {saw}",
        why=f"it should hold {', '.join(ARRAYS)}: images (n, height, width) of uint8, labels (n,)",
        fix="delete the file, and it is looked for elsewhere; or put an undamaged one in its place",
    )


def _missing(source: Source, places: list[Path], failures: list[str]) -> MissingDataError:
    file = f"{source.name}.npz"
    seen = [f"no file {place}" for place in places] + failures
    return MissingDataError(
        code="LN230",
        where=f"datasets.{source.name}",
        saw="\n        ".join(seen),
        why="the data are not on this computer, and no mirror gave them",
        fix=f"connect to the network and try again; or put {file} (arrays {', '.join(ARRAYS)}) into a folder "
        "and set the environment variable LINCOLN_DATA to that folder",
    )


def _parse_idx(content: bytes) -> np.ndarray:
    """The array in a gzipped idx file: two zeros, 8 for bytes, the number of axes, each axis's length, the data."""
    import gzip

    data = gzip.decompress(content)
    dims = data[3]
    shape = tuple(np.frombuffer(data, dtype=">u4", count=dims, offset=4).tolist())
    return np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * dims).reshape(shape)


def _keep(path: Path, found: dict[str, np.ndarray]) -> None:
    """Write the cache's file under another name and rename it, so that nobody ever reads half of one."""
    import tempfile
    from pathlib import Path

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            part = Path(file.name)
            try:
                np.savez_compressed(file, **found)  # type: ignore[arg-type]
                file.close()
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        say(f"could not keep a copy for next time: {error}")


def _images(source: Source, found: dict[str, Any]) -> Images:
    labels = {name: found[name].astype(np.int64) for name in ("y_train", "y_test")}
    return Images(x_train=found["x_train"], x_test=found["x_test"], classes=source.classes, **labels)


def _normal_values(images: np.ndarray) -> np.ndarray:
    """What each of the 256 gray values becomes, so that those of the images have mean 0 and standard deviation 1."""
    counts = sum(np.bincount(part.ravel(), minlength=256) for part in np.array_split(images, len(images) // 1000 + 1))
    gray = np.arange(256.0)
    mean = np.average(gray, weights=counts)
    std = np.sqrt(np.average((gray - mean) ** 2, weights=counts))
    normal: np.ndarray = ((gray - mean) / (std or 1.0)).astype(np.float32)
    return normal


def _shaped(images: np.ndarray, flat: bool) -> np.ndarray:
    return images.reshape(len(images), -1) if flat else images[..., None]
