"""Files from public mirrors: with time limits, checked against their published checksum, shown as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["fetch", "fetch_all", "say"]

TIMEOUT = 20.0
"""Seconds that a mirror may stay silent."""
LARGEST = 1 << 28
"""Bytes: no file of these data is larger."""
CHUNK = 1 << 16


def fetch_all(
    files: dict[str, str], *, mirrors: Iterable[str], timeout: float = TIMEOUT
) -> tuple[dict[str, bytes], list[str]]:
    """The content of several files. When a mirror has failed once, the next one is asked for the rest.

    Args:
        files: their names below each mirror's address, and their published MD5 in hexadecimal.
        mirrors: addresses that end in a slash, in the order to ask them.
        timeout: seconds that a mirror may stay silent.

    Returns:
        The content of every file that could be downloaded; and a line for every failure.

    >>> fetch_all({"a": "0cc175b9c0f1b6a831c399e269772661"}, mirrors=["data:,not ", "data:,"])
    ({'a': b'a'}, ['data:,not a: 5 bytes with MD5 d53f33eb..., not 0cc175b9...'])
    """
    from http.client import HTTPException

    found: dict[str, bytes] = {}
    failures: list[str] = []
    for mirror in mirrors:
        for file, md5 in files.items():
            if file in found:
                continue
            try:
                found[file] = fetch(mirror + file, md5=md5, timeout=timeout)
            except (OSError, HTTPException, ValueError) as error:
                failures.append(f"{mirror}{file}: {error or type(error).__name__}")
                break
    return found, failures


def fetch(url: str, *, md5: str, timeout: float = TIMEOUT) -> bytes:
    """The content behind one address.

    Raises:
        OSError, http.client.HTTPException: no network, no such file, no answer in time.
        ValueError: the content has another checksum.

    >>> fetch("data:,a", md5="0cc175b9c0f1b6a831c399e269772661")
    b'a'
    """
    import hashlib

    content = _read(url, timeout)
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise ValueError(f"{len(content):,} bytes with MD5 {found}, not {md5}")
    return content


def say(text: str) -> None:
    """One line for people, on stderr.

    >>> say("downloading")
    """
    if sys.stderr is not None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _read(url: str, timeout: float) -> bytes:
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(url, headers={"User-Agent": "lincoln-nn"})  # noqa: S310 our own addresses, checked by MD5
    content = bytearray()
    try:
        response = urlopen(request, timeout=timeout)  # noqa: S310
    except HTTPError as error:
        error.close()
        raise
    with response:
        advance, done = _progress(url, int(response.headers.get("Content-Length") or 0))
        try:
            while chunk := response.read(CHUNK):
                content += chunk
                advance(len(chunk))
                if len(content) > LARGEST:
                    raise ValueError(f"more than {LARGEST:,} bytes")
        finally:
            done()
    return bytes(content)


def _progress(url: str, size: int) -> tuple[Callable[[int], Any], Callable[[], Any]]:
    """What to call with each number of bytes that came, and at the end: a bar on a terminal, else one line of text."""
    if sys.stderr is not None and sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            pass
        else:
            bar = tqdm(total=size or None, desc=url.rpartition("/")[2], unit="B", unit_scale=True, file=sys.stderr)
            return bar.update, bar.close
    say(f"downloading {url}" + (f" ({size / 1e6:.1f} MB)" if size else ""))
    return (lambda count: None), (lambda: None)
