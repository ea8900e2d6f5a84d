"""The bytes of a model file: a safetensors file with a JSON header of Lincoln's own and a checksum over everything."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np

from ..exc import MissingFileError, MissingPackageError, ModelFileError

__all__ = ["VERSION", "pack", "unpack"]

FORMAT = "lincoln"
VERSION = 1
"""The newest version of the format, and the only one so far."""

_HEADER_LIMIT = 100_000_000
"""How long the JSON header of a safetensors file may be, in bytes: safetensors' own limit."""

_SEAL = ', "checksum": "{}"}}'
"""How the document ends: with a checksum over everything before, and over the arrays."""

_DTYPES = {
    "BOOL": "bool",
    **{
        f"{letter}{bits}": f"{kind}{bits}" for letter, kind in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)
    },
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
}

_OTHERS = {
    b"PK\x03\x04": "a zip archive, such as an .npz file or PyTorch's .pt",
    b"\x93NUMPY": "a NumPy .npy file",
    b"\x89HDF": "an HDF5 file",
    **{bytes([0x80, protocol]): "a pickle, which would run what it says and is never loaded" for protocol in range(6)},
}


def dtypes() -> frozenset[str]:
    """The names of the dtypes that arrays in a file can have."""
    return frozenset(_DTYPES.values())


def pack(document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """A document and its arrays as the bytes of a file.

    Raises:
        ModelFileError: the document is too long.
        MissingPackageError: safetensors is not installed.
    """
    text = json.dumps(
        {"format": FORMAT, "version": VERSION, "library": _library_version(), **document}, allow_nan=False
    )
    contiguous = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays.items()}
    sealed = text[:-1] + _SEAL.format(_checksum(text, contiguous))
    packed: bytes = _safetensors("numpy").save(contiguous, {FORMAT: sealed})
    if int.from_bytes(packed[:8], "little") > _HEADER_LIMIT:
        raise ModelFileError(
            code="LN512",
            where="save",
            saw=f"more than {_HEADER_LIMIT:,} bytes beside the arrays",
            why="files of this format hold no more text than that",
            fix="long lists of numbers as arrays, which lie outside that text; fewer names of categories",
        )
    return packed


def unpack(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The document and the arrays of a file, once all of the file's bytes have been found to be what was written.

    Raises:
        ModelFileError: it is not a file of this format, or a newer or a damaged one.
        MissingFileError: there is no such file.
        MissingPackageError: safetensors is not installed.
    """
    library = _safetensors()
    try:
        with _open(path) as file:
            header, contents = _read(path, file)
    except FileNotFoundError as error:
        raise MissingFileError(
            code="LN504",
            where=f'load("{path}")',
            saw="no file of that name",
            why="there is nothing to load",
            fix="lnc.save(model, path) first; or mend the path",
        ) from error
    except OSError as error:
        raise _unreadable(path, f"{type(error).__name__}: {error.strerror or error}") from error
    except MemoryError as error:
        raise _unreadable(path, "a file that is larger than the memory") from error
    sealed = _metadata(path, header)
    document = _document(path, sealed)
    try:
        found = library.deserialize(contents)
    except (library.SafetensorError, MemoryError) as error:
        damaged(path, "safetensors", str(error) or type(error).__name__)
    arrays = {name: _array(path, name, spec) for name, spec in found}
    checksum = document.pop("checksum", None)
    seal = _SEAL.format(checksum)
    if not sealed.endswith(seal) or checksum != _checksum(sealed.removesuffix(seal) + "}", arrays):
        damaged(path, "checksum", "the file's bytes are not those that were written")
    return document, arrays


def damaged(path: str | os.PathLike[str], field: str, saw: str) -> NoReturn:
    """Refuse a file whose bytes are not as they were written."""
    raise ModelFileError(
        code="LN507",
        where=f'load("{path}")',
        saw=f"{field}: {saw}",
        why="the file is cut short or has been changed since it was written",
        fix="copy the file again, or load an older one; lnc.save(model, path) writes a new one",
    )


def _open(path: str | os.PathLike[str]) -> IO[bytes]:
    if Path(path).exists() and not Path(path).is_file():  # opening a pipe would wait for its other end
        raise _unreadable(path, "a folder" if Path(path).is_dir() else "no regular file")
    return Path(path).open("rb")


def _read(path: str | os.PathLike[str], file: IO[bytes]) -> tuple[bytes, bytes]:
    """The JSON header of a safetensors file, and all of its bytes; the lengths that it names are checked first."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(path, "no regular file")
    start = file.read(9)
    length = struct.unpack("<Q", start[:8])[0] if len(start) > 8 else 0
    long = length > min(status.st_size - 8, _HEADER_LIMIT)
    if long or start[8:] != b"{":
        _refuse_others(path, start)
    if len(start) < 9:
        damaged(path, "length of the header", f"a file of {len(start)} bytes")
    if long:
        damaged(path, "length of the header", f"{length:,} bytes, in a file of {status.st_size:,}")
    header = start[8:] + file.read(max(0, length - 1))
    stop = 8 + length + _data_length(path, header)
    if stop != status.st_size:
        damaged(path, "length of the arrays", f"a file of {status.st_size:,} bytes, where the header says {stop:,}")
    return header, start[:8] + header + file.read(stop - 8 - length)


def _refuse_others(path: str | os.PathLike[str], start: bytes) -> None:
    other = next((name for magic, name in _OTHERS.items() if start.startswith(magic)), "")
    if not start:
        other = "an empty file"
    if other:
        raise _not_ours(path, other)


def _data_length(path: str | os.PathLike[str], header: bytes) -> int:
    """How many bytes the arrays of a file take, by what its header says of them."""
    entries = _json(path, "header", header)
    try:
        return max(
            (int(entry["data_offsets"][1]) for name, entry in entries.items() if name != "__metadata__"), default=0
        )
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        damaged(path, "data_offsets", "no pair of numbers for every array")


def _metadata(path: str | os.PathLike[str], header: bytes) -> str:
    """The document as text, its checksum at the end."""
    metadata = _json(path, "header", header).get("__metadata__")
    if not isinstance(metadata, dict) or FORMAT not in metadata:
        raise _not_ours(path, f"a safetensors file without Lincoln's header: no field __metadata__.{FORMAT}")
    text = metadata[FORMAT]
    if not isinstance(text, str):
        damaged(path, f"__metadata__.{FORMAT}", f"a {type(text).__name__} in place of text")
    return text


def _document(path: str | os.PathLike[str], text: str) -> dict[str, Any]:
    document = _json(path, f"__metadata__.{FORMAT}", text)
    if document.get("format") != FORMAT:
        raise _not_ours(path, f"format {document.get('format')!r}")
    version = document.get("version")
    if type(version) is not int or version < 1:
        damaged(path, "version", f"{version!r}"[:80])
    if version > VERSION:
        raise ModelFileError(
            code="LN508",
            where=f'load("{path}")',
            saw=f"version: {version}, written by lincoln-nn {document.get('library')!s:.40}",
            why=f"this is lincoln-nn {_library_version()}, which knows the format up to version {VERSION}",
            fix="pip install --upgrade lincoln-nn",
        )
    return document


def _json(path: str | os.PathLike[str], field: str, text: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        damaged(path, field, f"no JSON: {error}"[:200])
    if not isinstance(value, dict):
        damaged(path, field, f"a {type(value).__name__} in place of an object")
    return value


def _array(path: str | os.PathLike[str], name: str, spec: Mapping[str, Any]) -> np.ndarray:
    if spec["dtype"] not in _DTYPES:
        damaged(path, f"arrays.{name}", f"dtype {spec['dtype']}, which Lincoln does not write")
    return np.frombuffer(spec["data"], dtype=_DTYPES[spec["dtype"]]).reshape(spec["shape"])


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 over the document, and over every array with its name, dtype and shape."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, array.dtype.name, array.shape]).encode())
        digest.update(array.data if array.size else b"")
    return f"sha256:{digest.hexdigest()}"


def _unreadable(path: str | os.PathLike[str], saw: str) -> ModelFileError:
    return ModelFileError(
        code="LN505",
        where=f'load("{path}")',
        saw=saw,
        why="it cannot be read as a file",
        fix="the path of a file that lnc.save wrote, and that you may read",
    )


def _not_ours(path: str | os.PathLike[str], saw: str) -> ModelFileError:
    return ModelFileError(
        code="LN506",
        where=f'load("{path}")',
        saw=saw,
        why="lnc.load reads what lnc.save wrote, and nothing else",
        fix="lnc.save(model, path) in the program that has the model; arrays alone: network.load_state_dict(...)",
    )


def _safetensors(module: str = "") -> Any:
    try:
        return import_module(f"safetensors.{module}" if module else "safetensors")
    except ImportError as error:
        raise MissingPackageError(
            code="LN500",
            where="lincoln.files",
            saw="no package safetensors",
            why="model files hold their arrays in its format",
            fix='pip install -e ".[files]"',
        ) from error


def _library_version() -> str:
    return str(import_module(__package__.partition(".")[0]).__version__)
