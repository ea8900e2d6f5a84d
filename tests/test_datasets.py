"""Real data: the places it is looked for, its download from mirrors, and what it looks like."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import struct
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from lincoln import datasets
from lincoln.datasets import download, images
from lincoln.datasets.images import FASHION_MNIST, FILES, MNIST, Images, Source
from lincoln.exc import DataError, MissingDataError, MissingPackageError

SHARED = Path(os.environ.get("LINCOLN_DATA", "nowhere"))

ARRAYS = {
    "x_train": np.arange(24, dtype=np.uint8).reshape(4, 2, 3),
    "y_train": np.array([0, 1, 1, 0], dtype=np.uint8),
    "x_test": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
    "y_test": np.array([1, 0], dtype=np.uint8),
}


def idx(array):
    head = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes(), mtime=0)


CONTENTS = dict(zip(FILES, map(idx, ARRAYS.values()), strict=True))


class Mirror(BaseHTTPRequestHandler):
    """Answers under /good/ as a mirror should, and under other names as mirrors do."""

    def do_GET(self):
        _, kind, file = self.path.split("/")
        self.server.asked.append(self.path)
        content = CONTENTS[file]
        if kind == "silent":
            self.server.closing.wait(10)
        elif kind == "missing":
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write({"good": content, "wrong": content[::-1], "cut": content[:20]}[kind])

    def log_message(self, *args):
        """Nothing: the tests look at stderr."""


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.asked, server.closing = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LINCOLN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LINCOLN_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def source(server):
    """The made-up images, to be had from the server's good mirror."""
    return Source(
        name="tiny",
        mirrors=(address(server, "good"),),
        md5=tuple(hashlib.md5(content).hexdigest() for content in CONTENTS.values()),
        classes=("left", "right"),
        timeout=5.0,
    )


def address(server, kind):
    return f"http://127.0.0.1:{server.server_port}/{kind}/"


def closed_address():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/"


# ---------------------------------------------------------------------- download


def test_images_are_downloaded_and_read(cache, source):
    found = images.load(source)
    np.testing.assert_array_equal(found.x_train, ARRAYS["x_train"])
    np.testing.assert_array_equal(found.x_test, ARRAYS["x_test"])
    assert found.y_train.tolist() == [0, 1, 1, 0]
    assert found.y_test.dtype == np.int64
    assert found.classes == ("left", "right")


def test_a_download_is_kept_as_one_file(cache, source, server):
    images.load(source)
    asked = len(server.asked)
    again = images.load(source)
    assert len(server.asked) == asked == 4
    assert [path.name for path in cache.iterdir()] == ["tiny.npz"]
    np.testing.assert_array_equal(again.x_train, ARRAYS["x_train"])


@pytest.mark.parametrize("bad", ["wrong", "missing", "cut"])
def test_a_bad_mirror_is_left_for_the_next(cache, source, server, bad):
    found = images.load(replace(source, mirrors=(address(server, bad), address(server, "good"))))
    np.testing.assert_array_equal(found.x_train, ARRAYS["x_train"])
    assert server.asked[0].startswith(f"/{bad}/")
    assert [path.startswith("/good/") for path in server.asked[1:]] == [True] * 4


def test_a_silent_mirror_is_left_for_the_next(cache, source, server):
    mirrors = (address(server, "silent"), address(server, "good"))
    found = images.load(replace(source, mirrors=mirrors, timeout=0.2))
    assert len(found.x_train) == 4


def test_a_mirror_out_of_reach_is_left_for_the_next(cache, source):
    found = images.load(replace(source, mirrors=(closed_address(), *source.mirrors)))
    assert len(found.x_train) == 4


def test_a_wrong_checksum_everywhere_is_told(cache, source, server):
    with pytest.raises(MissingDataError, match=r"wrong/train-images(?s:.)*bytes with MD5 \w+, not \w+"):
        images.load(replace(source, mirrors=(address(server, "wrong"),)))
    assert not cache.exists()


def test_without_a_network_the_error_says_where_it_looked_and_what_to_do(cache, source, tmp_path, monkeypatch):
    monkeypatch.setenv("LINCOLN_DATA", str(tmp_path / "mine"))
    mirrors = (closed_address(), closed_address())
    with pytest.raises(MissingDataError) as caught:
        images.load(replace(source, mirrors=mirrors))
    assert f"no file {tmp_path / 'mine' / 'tiny.npz'}" in caught.value.saw
    assert f"no file {cache / 'tiny.npz'}" in caught.value.saw
    assert all(f"{mirror}train-images-idx3-ubyte.gz: " in caught.value.saw for mirror in mirrors)
    assert "put tiny.npz (arrays x_train, y_train, x_test, y_test) into a folder" in caught.value.fix
    assert "LINCOLN_DATA" in caught.value.fix


def test_the_fix_for_missing_data_works(cache, source, tmp_path, monkeypatch):
    monkeypatch.setenv("LINCOLN_DATA", str(tmp_path))
    np.savez(tmp_path / "tiny.npz", **ARRAYS)
    assert images.load(replace(source, mirrors=())).y_train.tolist() == [0, 1, 1, 0]


def test_missing_data_are_a_missing_file():
    assert issubclass(MissingDataError, FileNotFoundError)


def test_the_users_folder_comes_before_the_cache(cache, source, tmp_path, monkeypatch):
    images.load(source)
    monkeypatch.setenv("LINCOLN_DATA", str(tmp_path))
    np.savez(tmp_path / "tiny.npz", **{**ARRAYS, "y_test": np.array([0, 0])})
    assert images.load(source).y_test.tolist() == [0, 0]


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path, cache, source, monkeypatch, capsys):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LINCOLN_CACHE", str(tmp_path / "file"))
    assert len(images.load(source).x_train) == 4
    assert "could not keep a copy" in capsys.readouterr().err


def test_a_cache_file_is_never_half_written(cache, source, monkeypatch):
    monkeypatch.setattr(np, "savez_compressed", lambda file, **arrays: file.write(b"half") and int("stop"))
    with pytest.raises(ValueError, match="stop"):
        images.load(source)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"no zip file", gzip.compress(b"another kind"), b""], ids=["text", "gzip", "empty"]
)
def test_a_damaged_file_is_told(cache, source, content):
    cache.mkdir()
    (cache / "tiny.npz").write_bytes(content)
    with pytest.raises(DataError, match="tiny") as caught:
        images.load(source)
    assert "delete the file" in caught.value.fix


@pytest.mark.parametrize(
    "change", [{"x_train": np.zeros((4, 6), dtype=np.uint8)}, {"y_test": np.zeros(3)}, {"x_test": np.zeros((2, 2, 3))}]
)
def test_a_file_of_other_shapes_is_told(cache, source, change):
    cache.mkdir()
    np.savez(cache / "tiny.npz", **{**ARRAYS, **change})
    with pytest.raises(DataError, match="images \\(n, height, width\\) of uint8"):
        images.load(source)


def test_a_file_that_lacks_an_array_is_told(cache, source):
    cache.mkdir()
    np.savez(cache / "tiny.npz", x_train=ARRAYS["x_train"])
    with pytest.raises(DataError, match="y_train"):
        images.load(source)


def test_a_pickle_in_a_file_is_never_loaded(cache, source):
    cache.mkdir()
    np.savez(cache / "tiny.npz", **{**ARRAYS, "y_train": np.array([{}, {}, {}, {}])})
    with pytest.raises(DataError, match="allow_pickle=False"):
        images.load(source)


def test_progress_goes_to_stderr_in_plain_lines_without_a_terminal(cache, source, server, capsys):
    images.load(source)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == f"downloading {address(server, 'good')}train-images-idx3-ubyte.gz (0.0 MB)"
    assert len(err.splitlines()) == 4
    assert "\r" not in err
    assert "\x1b" not in err


def test_progress_is_a_bar_in_a_terminal(cache, source, capsys, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    images.load(source)
    assert "train-images-idx3-ubyte.gz: 100%" in capsys.readouterr().err


def test_progress_is_plain_lines_without_tqdm(cache, source, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    images.load(source)
    assert capsys.readouterr().err.startswith("downloading ")


def test_a_download_that_does_not_end_is_stopped(source, server, cache, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 10)
    with pytest.raises(MissingDataError, match="more than 10 bytes"):
        images.load(source)


# ---------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"LINCOLN_CACHE": "/mine"}, "/mine"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/lincoln"),
        ("linux", {}, "/home/me/.cache/lincoln"),
        ("darwin", {"XDG_CACHE_HOME": "/xdg"}, "/home/me/Library/Caches/lincoln"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/lincoln/Cache"),
        ("win32", {}, "/home/me/AppData/Local/lincoln/Cache"),
    ],
)
def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, platform, variables, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "environ", {"HOME": "/home/me", **variables})
    assert images.cache_folder().as_posix() == expected


def test_a_tilde_in_a_folder_is_the_users_home(monkeypatch):
    monkeypatch.setattr(os, "environ", {"HOME": "/home/me", "LINCOLN_CACHE": "~/c", "LINCOLN_DATA": "~/d"})
    assert [folder.as_posix() for folder in images._folders()] == ["/home/me/d", "/home/me/c"]


@pytest.mark.parametrize("source", [MNIST, FASHION_MNIST])
def test_every_published_file_has_a_checksum_and_two_mirrors(source):
    assert [len(md5) for md5 in source.md5] == [32] * 4
    assert len(source.mirrors) == 2
    assert all(mirror.endswith("/") for mirror in source.mirrors)
    assert len(source.classes) == 10


# ---------------------------------------------------------------------- Images


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, size=(20, 4, 5), dtype=np.uint8)
    return Images(x_train=x, y_train=np.zeros(20), x_test=x[:7], y_test=np.zeros(7), classes=("one",))


def test_normalized_images_are_flat_float32_with_mean_0_and_deviation_1(pictures):
    normal = pictures.normalized()
    assert normal.x_train.shape == (20, 20)
    assert normal.x_test.shape == (7, 20)
    assert normal.x_train.dtype == np.float32
    np.testing.assert_allclose(normal.x_train.mean(dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(normal.x_train.std(dtype=np.float64), 1, atol=1e-6)


def test_test_images_are_normalized_by_the_training_images(pictures):
    """Mistake 9."""
    normal = pictures.normalized()
    np.testing.assert_array_equal(normal.x_test, normal.x_train[:7])


def test_normalized_images_can_keep_their_shape(pictures):
    assert pictures.normalized(flat=False).x_train.shape == (20, 4, 5, 1)


def test_normalizing_leaves_the_images_alone(pictures):
    pictures.normalized()
    assert pictures.x_train.dtype == np.uint8


def test_images_are_normalized_once(pictures):
    with pytest.raises(DataError, match="images of float32") as caught:
        pictures.normalized().normalized()
    assert "once" in caught.value.fix


def test_blank_images_are_normalized_to_zeros():
    x = np.full((2, 2, 2), 9, dtype=np.uint8)
    blank = Images(x_train=x, y_train=np.zeros(2), x_test=x, y_test=np.zeros(2), classes=("one",))
    assert np.abs(blank.normalized().x_train).max() == 0


@pytest.mark.big
@pytest.mark.skipif(not (SHARED / "mnist.npz").is_file(), reason="needs mnist.npz in the folder LINCOLN_DATA")
def test_mnist_is_the_published_one():
    """Mistake 34."""
    mnist = datasets.mnist()
    assert mnist.x_train.shape == (60000, 28, 28)
    assert mnist.y_test.shape == (10000,)
    assert mnist.classes[7] == "7"
    assert round(float(mnist.x_train.mean()) / 255, 4) == 0.1307
    assert round(float(mnist.x_train.std()) / 255, 4) == 0.3081
    assert nearest_mean_accuracy(mnist) == pytest.approx(0.8203, abs=1e-4)


@pytest.mark.big
@pytest.mark.skipif(not (SHARED / "fashion_mnist.npz").is_file(), reason="needs fashion_mnist.npz in LINCOLN_DATA")
def test_fashion_mnist_is_the_published_one():
    fashion = datasets.fashion_mnist()
    assert fashion.x_train.shape == (60000, 28, 28)
    assert fashion.classes[9] == "Ankle boot"
    assert round(float(fashion.x_train.mean()) / 255, 4) == 0.2860
    assert nearest_mean_accuracy(fashion) == pytest.approx(0.6768, abs=1e-4)


def nearest_mean_accuracy(pictures):
    normal = pictures.normalized()
    means = np.stack([normal.x_train[normal.y_train == label].mean(axis=0) for label in range(10)])
    distances = (means**2).sum(axis=1) - 2 * normal.x_test @ means.T
    return float((distances.argmin(axis=1) == normal.y_test).mean())


# ---------------------------------------------------------------------- tables


@pytest.mark.parametrize(
    ("name", "shape", "classes", "first"),
    [
        ("breast_cancer", (569, 30), 2, "mean radius"),
        ("iris", (150, 4), 3, "sepal length (cm)"),
        ("digits", (1797, 64), 10, "pixel_0_0"),
        ("wine", (178, 13), 3, "alcohol"),
        ("diabetes", (442, 10), 0, "age"),
    ],
)
def test_a_table_has_features_labels_and_names(name, shape, classes, first):
    pytest.importorskip("sklearn")
    table = getattr(datasets, name)()
    assert table.features.shape == shape
    assert table.features.dtype == np.float64
    assert table.labels.shape == shape[:1]
    assert len(table.classes) == classes
    assert len(table.feature_names) == shape[1]
    assert table.feature_names[0] == first


def test_labels_are_classes_or_quantities():
    pytest.importorskip("sklearn")
    assert datasets.iris().labels.dtype == np.int64
    assert datasets.diabetes().labels.dtype == np.float64


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingPackageError, match=r"datasets\.iris") as caught:
        datasets.iris()
    assert caught.value.fix == 'pip install -e ".[sklearn]"'
