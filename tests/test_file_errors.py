"""Everything that model files and checkpoints refuse: the text of the refusal, and that its fix works."""

from __future__ import annotations

import io
import pickle
import re
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_mistakes import Mistake
from user_layers import Swish

import lincoln as lnc
from lincoln import Dense, Layer, Sequential, data, exc, layers, losses, models, optim
from lincoln.arguments import WithArguments
from lincoln.files import Checkpoint, load, save
from lincoln.files.container import pack, unpack

FOLDER = Path(tempfile.mkdtemp())
X = np.arange(36, dtype=np.float32).reshape(12, 3) / 36
Y = np.arange(12) % 2

GOOD = FOLDER / "good"
save(Sequential(Dense(2, seed=0), layers.Dropout(0.5), seed=0).build(3), GOOD)
USERS = FOLDER / "users"
save(Sequential(Swish()), USERS)

AGAIN = "copy the file again, or load an older one; lnc.save(model, path) writes a new one"
BY_HAND = "lnc.save(model, path) in the program that has the model; files are not edited by hand"
CHANGED = "checksum: the file's bytes are not those that were written"
OURS = "lnc.save(model, path) in the program that has the model; arrays alone: network.load_state_dict(...)"
VERSIONS = "load with the classes, and the version of lincoln-nn, with which the file was written"
READABLE = "the path of a file that lnc.save wrote, and that you may read"
WRITABLE = "a folder that you may write to, on a disk with room, and a name that is not a folder's"


def file(name: str, contents: bytes) -> Path:
    (FOLDER / name).write_bytes(contents)
    return FOLDER / name


def edited(name: str, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> Path:
    """The good file with its document or its arrays changed, under a checksum that fits."""
    document, arrays = unpack(GOOD)
    change(document, arrays)
    return file(name, pack(document, arrays))


def saved_by(writes: Callable[[Any], object]) -> bytes:
    buffer = io.BytesIO()
    writes(buffer)
    return buffer.getvalue()


def reload(path: Path) -> Any:
    return partial(load, path)


def of_load(
    name: str, code: str, path: Path, saw: str, fix: str, *, mended: Callable[[], Any] | None = None
) -> Mistake:
    """A file that is refused; the good one, which is what most fixes come to, is not."""
    return Mistake(name, exc.ModelFileError, code, reload(path), f'load("{path}")', saw, fix, mended or reload(GOOD))


class Turn(Layer):
    def __init__(self, by: Any) -> None:
        self.by = by

    def forward(self, input: Any) -> Any:
        return input


class Slotted:
    """Neither a number nor anything of Lincoln's."""


def zeros_here(rng: Any, shape: Any) -> np.ndarray:
    return np.zeros(shape)


def saving(thing: Any) -> Callable[[], Any]:
    return lambda: save(thing, FOLDER / "new")


class Held(WithArguments):
    def __init__(self, inside: list[Any]) -> None:
        """Only the argument counts."""


def held_by_itself() -> Held:
    inside: list[Any] = []
    held = Held(inside)
    inside.append(held)
    return held


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


NAMED = (
    "a function of Lincoln's; one that is defined with def at the top of a module, and "
    "lnc.load(path, registry=(function,)); or an object of a class of your own"
)
WHAT = "numbers, strings, arrays, and Lincoln's own objects"

SAVING = [
    Mistake(
        name,
        exc.ModelFileError,
        code,
        saving(thing),
        "save",
        saw,
        fix,
        saving(mended),
    )
    for name, code, thing, saw, fix, mended in [
        (
            "a thing that is no model",
            "LN501",
            [1, 2],
            "a list: [1, 2]",
            "a network, a model, a preprocessor: lnc.save(model, path); np.savez for arrays alone",
            Dense(1),
        ),
        (
            "a lambda as an argument",
            "LN502",
            Sequential(Dense(1), Dense(1, weight_init=lambda rng, shape: np.zeros(shape))),
            "1.weight_init: <lambda>, a function that load could find under no name",
            NAMED,
            Sequential(Dense(1), Dense(1, weight_init=zeros_here)),
        ),
        (
            "a lambda as a metric",
            "LN502",
            models.Classifier(Dense(1), metric=lambda p, y: 0.0),
            "metric: <lambda>, a function that load could find under no name",
            NAMED,
            models.Classifier(Dense(1)),
        ),
        (
            "an object of no known kind",
            "LN502",
            Turn({"by": [Slotted()]}),
            "by.by.0: a Slotted",
            WHAT,
            Turn({"by": [1]}),
        ),
        (
            "complex numbers",
            "LN502",
            Turn(np.ones(2, dtype=complex)),
            "by: an array of dtype complex128",
            "an array of numbers, booleans or strings",
            Turn(np.ones(2)),
        ),
        (
            "an object inside itself",
            "LN502",
            held_by_itself(),
            "inside.0: a Held that holds itself",
            "objects that hold only others",
            Held([]),
        ),
        (
            "a bottomless list",
            "LN502",
            Turn(deep(100_000)),
            "the object itself: values inside values inside values, too deep to follow",
            "a flatter structure",
            Turn(deep(100)),
        ),
    ]
]


def with_room_for_little() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lincoln.files.container._HEADER_LIMIT", 1000)
        save(Turn(["x" * 1000]), FOLDER / "new")


LONG = Mistake(
    "more text than a file takes",
    exc.ModelFileError,
    "LN512",
    with_room_for_little,
    "save",
    "more than 1,000 bytes beside the arrays",
    "long lists of numbers as arrays, which lie outside that text; fewer names of categories",
    saving(Turn(["x" * 1000])),
)

WRITING = [
    Mistake(
        name,
        exc.ModelFileError,
        "LN503",
        lambda path=path: save(Dense(1), path),
        f'save to "{path}"',
        saw,
        WRITABLE,
        lambda: save(Dense(1), FOLDER / "new"),
    )
    for name, path, saw in [
        ("a save onto a folder", FOLDER, "OSError: it exists and is not a file"),
        ("a save into a file", GOOD / "model", "FileExistsError: File exists"),
    ]
]

OTHER_FILES = [
    Mistake(
        "no such file",
        exc.MissingFileError,
        "LN504",
        reload(FOLDER / "nowhere"),
        f'load("{FOLDER / "nowhere"}")',
        "no file of that name",
        "lnc.save(model, path) first; or mend the path",
        reload(GOOD),
    ),
    of_load("a folder", "LN505", FOLDER, "a folder", READABLE),
    *(
        of_load(name, "LN506", file(name, contents), saw, OURS)
        for name, contents, saw in [
            ("an empty file", b"", "an empty file"),
            (
                "a pickle",
                pickle.dumps({"a": list(range(99))}),
                "a pickle, which would run what it says and is never loaded",
            ),
            (
                "an npz file",
                saved_by(lambda buffer: np.savez(buffer, a=np.ones(3))),
                "a zip archive, such as an .npz file or PyTorch's .pt",
            ),
            ("an npy file", saved_by(lambda buffer: np.save(buffer, np.ones(3))), "a NumPy .npy file"),
            ("an hdf5 file", b"\x89HDF\r\n\x1a\n" + bytes(90), "an HDF5 file"),
            (
                "another safetensors file",
                pytest.importorskip("safetensors.numpy").save({"W": np.ones((2, 2))}, {"format": "pt"}),
                "a safetensors file without Lincoln's header: no field __metadata__.lincoln",
            ),
        ]
    ),
    of_load(
        "another format", "LN506", edited("format", lambda d, a: d.update(format="abraham")), "format 'abraham'", OURS
    ),
]

BYTES = GOOD.read_bytes()

DAMAGED = [
    of_load(name, "LN507", file(name, contents), saw, AGAIN)
    for name, contents, saw in [
        ("five bytes", BYTES[:5], "length of the header: a file of 5 bytes"),
        (
            "a huge header",
            (2**60).to_bytes(8, "little") + BYTES[8:],
            f"length of the header: 1,152,921,504,606,846,976 bytes, in a file of {len(BYTES):,}",
        ),
        (
            "a file cut short",
            BYTES[:-1],
            f"length of the arrays: a file of {len(BYTES) - 1:,} bytes, where the header says {len(BYTES):,}",
        ),
        (
            "a file with more",
            BYTES + b"x",
            f"length of the arrays: a file of {len(BYTES) + 1:,} bytes, where the header says {len(BYTES):,}",
        ),
        ("another weight", BYTES[:-1] + bytes([BYTES[-1] ^ 1]), CHANGED),
        ("another word", BYTES.replace(b"Dropout", b"Dropper"), CHANGED),
        (
            "no offsets",
            BYTES.replace(b"data_offsets", b"data_offsetz"),
            "data_offsets: no pair of numbers for every array",
        ),
        (
            "no JSON",
            BYTES.replace(b'{"__metadata__"', b'{ __metadata__"'),
            "header: no JSON: Expecting property name enclosed in double quotes: line 1 column 3 (char 2)",
        ),
        ("another dtype", BYTES.replace(b'"F32"', b'"I32"', 1), CHANGED),
    ]
]


def attributes(document: dict[str, Any], place: str = "0.0") -> dict[str, Any]:
    return document["objects"][3]["layers"][place]["attributes"]


def parameters(document: dict[str, Any]) -> dict[str, Any]:
    return document["objects"][3]["layers"]["0.0"]["parameters"]


NEWER = of_load(
    "a newer version",
    "LN508",
    edited("newer", lambda d, a: d.update(version=7, library="9.9.9")),
    "version: 7, written by lincoln-nn 9.9.9",
    "pip install --upgrade lincoln-nn",
)

EDITED = [
    of_load(name, "LN509", edited(name, change), saw, BY_HAND)
    for name, change, saw in [
        ("no objects", lambda d, a: d.update(objects=None), "objects: no list"),
        ("no root", lambda d, a: d.pop("root"), "kind: 'layers.Sequential', the root is a NoneType"),
        ("a reference forward", lambda d, a: d.update(root={"ref": 99}), "root: no object 99 before it"),
        ("a value of no kind", lambda d, a: d.update(root={"pickle": "x"}), "root: a value of unknown kind 'pickle'"),
        (
            "an array less",
            lambda d, a: a.pop("0.0.W"),
            "objects[3].layers[0.0].parameters.W: no array '0.0.W' in the file",
        ),
        (
            "an array more",
            lambda d, a: a.update(more=np.ones(2)),
            "arrays.more: an array that nothing in the file uses",
        ),
        (
            "another shape",
            lambda d, a: a.update({"0.0.W": np.ones((2, 3), "f4")}),
            "arrays.0.0.W: float32 (2, 3), where W is (3, 2)",
        ),
        (
            "whole numbers",
            lambda d, a: a.update({"0.0.W": np.ones((3, 2), int)}),
            "arrays.0.0.W: int64 (3, 2), where W is (3, 2)",
        ),
        (
            "no such parameter",
            lambda d, a: parameters(d).update(V="0.0.W"),
            "objects[3].layers[0.0].parameters.V: the Linear has no such parameter",
        ),
        (
            "a parameter less",
            lambda d, a: parameters(d).pop("B"),
            "objects[3].layers[0.0].parameters.B: no array for it",
        ),
        (
            "no state of a layer",
            lambda d, a: d["objects"][3]["layers"].pop("1"),
            "objects[3].layers: nothing for the layer at 1",
        ),
        (
            "state of no layer",
            lambda d, a: d["objects"][3]["layers"].update({"7": {}}),
            "objects[3].layers[7]: the network has no layer there, but at , 0, 0.0, 0.1, 1",
        ),
        (
            "an endless shape",
            lambda d, a: attributes(d).update(input_shape={"tuple": [10**12]}),
            "objects[3].layers[0.0].attributes.input_shape: (1000000000000,)",
        ),
        (
            "a method overwritten",
            lambda d, a: attributes(d).update(forward=3),
            "objects[3].layers[0.0].attributes.forward: a Linear keeps nothing of its own under this name",
        ),
        (
            "a rate of text",
            lambda d, a: attributes(d, "1").update(rate="0.5"),
            "objects[3].layers[1].attributes.rate: a str in place of a float",
        ),
        (
            "no such class here",
            lambda d, a: d["objects"][0].update({"class": "data.DataLoader"}),
            "objects[0].class: data.DataLoader is not a class of objects that are saved",
        ),
        (
            "an endless layer",
            lambda d, a: d["objects"][0].update(args=[10**12]),
            "objects[0]: a layer of size 1000000000000, in a file of 8 numbers",
        ),
        (
            "values too deep",
            lambda d, a: d.update(root=deep(900)),
            "objects: values inside values inside values, too deep to follow",
        ),
    ]
]


CLASSES = [
    of_load(
        "a class that is not in the registry",
        "LN510",
        USERS,
        "objects[0].class: 'Swish'",
        "lnc.load(path, registry=(Swish,))",
        mended=lambda: load(USERS, registry=(Swish,)),
    ),
    of_load(
        "a class that this version does not have",
        "LN510",
        edited("unknown", lambda d, a: d["objects"][0].update({"class": "layers.Denser"})),
        "objects[0].class: 'layers.Denser'",
        "pip install --upgrade lincoln-nn",
    ),
    of_load(
        "an argument that the class refuses",
        "LN511",
        edited("size", lambda d, a: d["objects"][0].update({"args": [-2]})),
        "objects[0]: size=-2: it is the number of outputs (LN113)",
        VERSIONS,
    ),
    Mistake(
        "a registry with something else",
        exc.ContractError,
        "LN517",
        lambda: load(USERS, registry=("Swish",)),
        "load",
        "registry=('Swish',)",
        "registry=(MyLayer, my_function), or registry={'MyLayer': MyLayer}",
        lambda: load(USERS, registry={"Swish": Swish}),
    ),
    Mistake(
        "a registry with one name twice",
        exc.ContractError,
        "LN517",
        lambda: load(USERS, registry=(Swish, Swish)),
        "load",
        f"registry={(Swish, Swish)}",
        "registry=(MyLayer, my_function), or registry={'MyLayer': MyLayer}",
        lambda: load(USERS, registry={"Swish": Swish}),
    ),
]


def without_safetensors() -> None:
    kept = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "safetensors"}
    sys.modules.update(dict.fromkeys(kept))
    try:
        load(GOOD)
    finally:
        sys.modules.update(kept)


PACKAGE = Mistake(
    "no safetensors",
    exc.MissingPackageError,
    "LN500",
    without_safetensors,
    "lincoln.files",
    "no package safetensors",
    'pip install -e ".[files]"',
    reload(GOOD),
)

# ---------------------------------------------------------------- checkpoints


def fit(model: Any = None, x: Any = X, y: Any = Y, **options: Any) -> Any:
    model = model or chooser()
    return model.fit(x, y, **({"epochs": 2, "print_every": None, "batch_size": 4} | options))


def chooser(*hidden: Layer, size: int = 3, lr: Any = 0.1, **options: Any) -> models.Classifier:
    network = Sequential(Dense(size), *hidden, Dense(1, None), seed=0)
    return models.Classifier(network, losses.SigmoidCrossEntropy, optim.Adam(network, lr=lr), **options)


RUN = FOLDER / "run"
fit(checkpoint=RUN, valid=(X, Y), early_stopping=3)
SAME = {"resume": RUN, "valid": (X, Y), "early_stopping": 3}


def of_resume(name: str, does: Callable[[], Any], saw: str, part: str) -> Mistake:
    fix = f"the same {part} as then; or another path, to begin anew"
    return Mistake(name, exc.ModelFileError, "LN520", does, f'resume from "{RUN}"', saw, fix, lambda: fit(**SAME))


def resumed(model: Any = None, **options: Any) -> Callable[[], Any]:
    return lambda: fit(model, **(SAME | options))


CHECKPOINTS = [
    of_resume("another size", resumed(chooser(size=4)), "network.0.size: 3 in the checkpoint, 4 here", "network"),
    of_resume("another depth", resumed(chooser(Dense(3))), "network.1.size: 1 in the checkpoint, 3 here", "network"),
    of_resume(
        "another layer",
        resumed(models.Classifier(Dense(1))),
        "network: layers.Sequential in the checkpoint, layers.Dense here",
        "network",
    ),
    of_resume(
        "another optimizer",
        resumed(models.Classifier(chooser().network, losses.SigmoidCrossEntropy)),
        "optimizer: optim.Adam in the checkpoint, optim.SGD here",
        "optimizer",
    ),
    of_resume(
        "another learning rate", resumed(chooser(lr=0.2)), "optimizer.lr: 0.1 in the checkpoint, 0.2 here", "optimizer"
    ),
    of_resume("another seed", resumed(chooser(seed=5)), "seed: its default in the checkpoint, 5 here", "seed"),
    of_resume(
        "another batch size", resumed(batch_size=5), "batches.batch_size: 4 in the checkpoint, 5 here", "batches"
    ),
    of_resume(
        "more rows",
        resumed(x=np.concatenate([X, X]), y=np.concatenate([Y, Y])),
        "batches.features: (12, 3) float32, checksum a0249198 in the checkpoint, "
        "(24, 3) float32, checksum 5e15b56d here",
        "batches",
    ),
    of_resume(
        "other labels",
        resumed(y=1 - Y),
        "batches.labels: (12, 1) float32, checksum 764be05c in the checkpoint, (12, 1) float32, checksum 3ef417f2 here",
        "batches",
    ),
    of_resume("no validation", resumed(valid=None), "valid: there in the checkpoint, not there here", "valid"),
    of_resume(
        "no early stopping",
        resumed(early_stopping=None),
        "early_stopping: there in the checkpoint, not there here",
        "early_stopping",
    ),
    of_resume(
        "another patience",
        resumed(early_stopping=4),
        "early_stopping.patience: 3 in the checkpoint, 4 here",
        "early_stopping",
    ),
    Mistake(
        "a model file to go on from",
        exc.ModelFileError,
        "LN523",
        lambda: fit(resume=GOOD),
        f'resume from "{GOOD}"',
        "a model file without a field run",
        "the path of a checkpoint; lnc.load(path) gives the model of a model file",
        lambda: fit(**SAME),
    ),
    Mistake(
        "a checkpoint every 0 steps",
        exc.ContractError,
        "LN521",
        lambda: Checkpoint(RUN, every=0),
        "Checkpoint",
        "every=0, seconds=None",
        "Checkpoint(path, every=100), Checkpoint(path, seconds=60.0), or Checkpoint(path)",
        lambda: Checkpoint(RUN, every=100),
    ),
    Mistake(
        "a number in place of a path",
        exc.ModelFileError,
        "LN582",
        lambda: Checkpoint(3),
        "Checkpoint",
        "int in place of a path: 3",
        '"model.safetensors"',
        lambda: Checkpoint("model.safetensors"),
    ),
    Mistake(
        "a checkpoint of a list",
        exc.ContractError,
        "LN522",
        lambda: Checkpoint(RUN).watch(chooser().trainer, batches=[(X, Y)]),
        "Checkpoint.watch",
        "batches: a list without state_dict and load_state_dict",
        "leave it out if it has no state; a DataLoader for batches",
        lambda: Checkpoint(RUN).watch(chooser().trainer, batches=data.DataLoader((X, Y))),
    ),
]

ALL = [*SAVING, LONG, *WRITING, *OTHER_FILES, *DAMAGED, NEWER, *EDITED, *CLASSES, PACKAGE, *CHECKPOINTS]

each_mistake = pytest.mark.parametrize("mistake", ALL, ids=lambda mistake: mistake.name)


@each_mistake
def test_a_refusal_says_where_what_why_and_how_to_mend_it(mistake: Mistake):
    mistake.assert_refused()


@each_mistake
def test_the_fix_that_a_refusal_names_works(mistake: Mistake):
    mistake.mended()


def test_a_missing_file_is_a_missing_file_in_the_usual_sense_too():
    with pytest.raises(FileNotFoundError):
        load(FOLDER / "nowhere")


def test_every_code_that_files_raise_has_a_row():
    raised = re.compile(r'code="(LN\d+)"')
    sources = (Path(lnc.__file__).parent / "files").glob("*.py")
    codes = {code for source in sources for code in raised.findall(source.read_text("utf-8"))}
    assert codes - {mistake.code for mistake in ALL} == set()
