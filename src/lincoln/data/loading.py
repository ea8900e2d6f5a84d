"""Batches drawn from datasets, or taken from elsewhere."""

from __future__ import annotations

import copy
import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from .. import arrays
from ..exc import DataError, MatchError
from ..settings import Checked, Settings
from . import reading
from .dataset import Batch, Dataset, as_dataset, is_number, parts_of
from .places import Passes, Place, Placed

__all__ = ["Batches", "DataLoader", "FlatGenerator", "as_batches", "generate_batches"]


def _size(loader: DataLoader, name: str, batch_size: Any) -> int | None:
    if batch_size is None:
        return None
    if not is_number(batch_size) or operator.index(batch_size) < 1:
        raise DataError(
            code="LN217",
            where=type(loader).__name__,
            saw=f"{name}={batch_size!r}",
            why="a batch has at least one example",
            fix="batch_size=32, or None for all examples in one batch",
        )
    return operator.index(batch_size)


class DataLoader(Placed, Checked):
    """Batches of a dataset, any number of times over; with ``shuffle`` in a new order each time.

    Each pass over it is one epoch and yields ``(x, y)`` tuples of new, contiguous arrays, or ``(x, y, weights)``.

    Args:
        data: a `Dataset`; a tuple ``(features, labels)`` or ``(features, labels, weights)``; or whatever gives
            ``(x, y)`` or ``(x, y, weight)`` for every number below its length, such as a PyTorch dataset.
        batch_size: how many examples a batch has; None for all in one.
        shuffle: whether to draw a new order for each epoch.
        seed: of the order; a generator may be given too. The global generators are never touched.
        drop_last: leave out a last batch that is smaller than the others. Otherwise it is given too.
        dtype: of the features, ``"float32"`` if not given; ``"int64"`` for token ids. A `Dataset` has its own.

    Attributes:
        dataset: where the rows come from.
        rng: the generator of the order.

    Raises:
        DataError: a batch size below 1, or no batch is left by ``drop_last``; data that are not examples with labels.
        MatchError: a ``dtype`` that is not the dataset's own.

    >>> loader = DataLoader((np.arange(10.0).reshape(5, 2), [0, 1, 0, 1, 0]), batch_size=2)
    >>> [x.shape for x, y in loader]
    [(2, 2), (2, 2), (1, 2)]
    >>> len(loader)
    3
    >>> loader
    DataLoader(Dataset(5 examples, features (2,) float32, labels () int64), batch_size=2)
    """

    _settings: ClassVar[Settings] = {"batch_size": _size}

    def __init__(
        self,
        data: Any,
        *,
        batch_size: int | None = 32,
        shuffle: bool = False,
        seed: int | np.random.Generator | None = None,
        drop_last: bool = False,
        dtype: str | None = None,
    ) -> None:
        self.dataset = as_dataset(data, dtype)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.rng = np.random.default_rng(seed)
        self._passes = Passes()
        if len(self) == 0:
            raise DataError(
                code="LN218",
                where="DataLoader",
                saw=f"{len(self.dataset)} examples, batch_size={batch_size}, drop_last={drop_last}",
                why="not one batch is left",
                fix="a smaller batch_size, or drop_last=False",
            )

    def __len__(self) -> int:
        n = len(self.dataset)
        size = self.batch_size or max(n, 1)
        return n // size if self.drop_last else -(-n // size)

    def __iter__(self) -> Iterator[Batch]:
        n = len(self.dataset)
        size = self.batch_size or n
        draw = self.dataset.__getitem__
        with self._passes.begun() as place:
            order = self._order(place) if self.shuffle else None
            if order is not None and isinstance(self.dataset, Dataset) and self.dataset.needs_no_conversion():
                draw = self.dataset.take
            for start in range(place.given * size, len(self) * size, size):
                batch = draw(slice(start, min(start + size, n)) if order is None else order[start : start + size])
                place.given += 1
                yield batch

    def _order(self, place: Place) -> np.ndarray:
        """The order of a pass: a new one, or once more that of a pass which goes on."""
        rng = self.rng
        if place.before is None:
            place.before = rng.bit_generator.state
        else:
            rng = copy.deepcopy(rng)
            rng.bit_generator.state = place.before
        return rng.permutation(len(self.dataset))

    def anew(self) -> Self:
        """The same batches, with a place of its own: passes over the one do not change the `state_dict` of the other.

        Both draw their orders from the same generator. A place that has been loaded is that of the new one.

        >>> loader = DataLoader((np.eye(3), [0, 1, 0]), batch_size=1)
        >>> batch = next(passes := iter(loader))
        >>> loader.state_dict()["given"], loader.anew().state_dict()["given"]
        (1, 0)
        """
        other = copy.copy(self)
        other._passes = self._passes.anew()
        return other

    def state_dict(self) -> dict[str, Any]:
        """The place in the epoch: how many batches have been given out, and the generator before it and now.

        While a `Trainer` trains on this loader it is the place of the training's pass. Otherwise it is that of the pass
        that has begun last, of those that are neither over nor given up.

        >>> DataLoader((np.eye(3), [0, 1, 0])).state_dict()
        {'given': 0, 'generator': None, 'now': None}
        """
        place, now = self._passes.place, self.rng.bit_generator.state if self.shuffle else None
        return {"given": place.given, "generator": place.before or now, "now": now}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave: the next pass gives the rest of that epoch, in its order.

        Raises:
            MatchError: the state is of a loader with more batches, or with ``shuffle`` where this has none.
        """
        given, generator, now = int(state["given"]), state["generator"], state.get("now")
        if not 0 <= given <= len(self) or (generator is not None) != self.shuffle:
            raise MatchError(
                code="LN519",
                where="DataLoader.load_state_dict",
                saw=f"{given} batches given out{' in a random order' if generator else ''}; here {len(self)} batches, "
                f"shuffle={self.shuffle}",
                why="an epoch goes on with the batches that it was begun with",
                fix="the same data, batch_size, shuffle and drop_last as when the state was saved",
            )
        if self.shuffle:
            self.rng.bit_generator.state = generator if now is None else now
            if now is None and given:  # a state of an older release: the order that is under way is drawn again
                self.rng.permutation(len(self.dataset))
        self._passes.go_on(Place(given, generator if given else None), state)
        return self

    def __repr__(self) -> str:
        chosen = "".join(f", {name}=True" for name in ("shuffle", "drop_last") if getattr(self, name))
        return f"DataLoader({self.dataset!r}, batch_size={self.batch_size}{chosen})"


class Batches(Placed):
    """Batches that come from elsewhere, such as a PyTorch ``DataLoader``, in the form that `DataLoader` gives them.

    Args:
        source: gives ``(x, y)`` or ``(x, y, weights)`` batches every time it is iterated over.
        dtype: of the features, ``"float32"`` or ``"float64"``; ``"int64"`` for token ids.

    Raises:
        DataError: the source can be read only once, as a generator can; a batch is not a pair.

    >>> batches = Batches([([[1, 2]], [1]), ([[3, 4]], [0])])
    >>> len(batches), [x.tolist() for x, y in batches]
    (2, [[[1.0, 2.0]], [[3.0, 4.0]]])
    """

    def __init__(self, source: Iterable[Any], *, dtype: str = "float32") -> None:
        if not hasattr(source, "__iter__") or hasattr(source, "__next__"):
            raise DataError(
                code="LN221",
                where=type(self).__name__,
                saw=f"a {type(source).__name__}",
                why="every epoch goes over the batches anew, and this can be read once or not at all",
                fix="an object whose __iter__ starts again, such as a DataLoader; or a list of the batches",
            )
        self.source: Any = source
        self.dtype = dtype
        self._passes = Passes()

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[Batch]:
        where = type(self).__name__
        with self._passes.begun() as place:
            skip = 0 if self._source_has_place() else place.given
            for item in itertools.islice(self.source, skip, None):
                place.given += 1
                yield reading.batch(*parts_of(item, where, "a batch"), dtype=self.dtype, where=where)

    def anew(self) -> Self:
        """The same batches, with a place of its own; see `DataLoader.anew`."""
        other = copy.copy(self)
        other._passes = self._passes.anew()
        if isinstance(self.source, DataLoader | Batches):
            other.source = self.source.anew()
        return other

    def state_dict(self) -> dict[str, Any]:
        """The place in the epoch: how many batches have been given out, and the source's own state if it has one.

        >>> Batches([([[1]], [1])]).state_dict()
        {'given': 0, 'source': None}
        """
        state = self.source.state_dict() if self._source_has_place() else None
        return {"given": self._passes.place.given, "source": state}

    def load_state_dict(self, state: Mapping[str, Any]) -> Self:
        """Go on from what `state_dict` gave; a source without a state gives the same batches in the same order again.

        >>> batches = Batches([([[1]], [1]), ([[2]], [1])]).load_state_dict({"given": 1, "source": None})
        >>> [x.tolist() for x, y in batches]
        [[[2.0]]]
        """
        if self._source_has_place():
            self.source.load_state_dict(state["source"])
        self._passes.go_on(Place(int(state["given"])), state)
        return self

    def train(self, resumed: bool) -> None:
        """Let the next pass be one of training, here and in the source."""
        super().train(resumed)
        if isinstance(self.source, Placed):
            self.source.train(resumed)

    def trained(self) -> None:
        """Let all passes count again, here and in the source."""
        super().trained()
        if isinstance(self.source, Placed):
            self.source.trained()

    def _source_has_place(self) -> bool:
        return hasattr(self.source, "load_state_dict")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"


class FlatGenerator(Batches):
    """The batches of another loader with every example as one row, and labels as one column.   -> (n, features), (n, 1)

    Args:
        dataloader: a `DataLoader`, a PyTorch one, or anything that gives ``(x, y)`` batches time and again.
        dtype: of the features.

    Raises:
        DataError: the loader can be read only once; a batch is not a pair.
        MatchError: more than one label for an example.

    >>> loader = DataLoader((np.zeros((3, 28, 28)), [7, 2, 1]), batch_size=2)
    >>> [(x.shape, y.shape) for x, y in FlatGenerator(loader)]
    [((2, 784), (2, 1)), ((1, 784), (1, 1))]
    """

    def __init__(self, dataloader: Iterable[Any], *, dtype: str = "float32") -> None:
        super().__init__(dataloader, dtype=dtype)
        self.dataloader = dataloader

    def __iter__(self) -> Iterator[Batch]:
        for x, y, *weights in super().__iter__():
            n = len(x)
            if tuple(y.shape) not in ((n,), (n, 1)):
                raise MatchError(
                    code="LN222",
                    where="FlatGenerator",
                    saw=f"{n} examples, labels {tuple(y.shape)}",
                    why="as one column they would be more labels than examples",
                    fix="one label for each example: y.argmax(axis=1) for one-hot rows; or use the loader as it is",
                )
            yield (x.reshape(n, -1), y.reshape(n, 1), *weights)


def as_batches(source: Any, *, dtype: str = "float32") -> DataLoader | Batches:
    """Batches from anywhere: Lincoln's own loaders as they are, others seen through `Batches`.

    Raises:
        DataError: the source can be read only once.

    >>> as_batches(DataLoader(([[1.0]], [1])))
    DataLoader(Dataset(1 examples, features (1,) float32, labels () int64), batch_size=32)
    """
    return source if isinstance(source, DataLoader | Batches) else Batches(source, dtype=dtype)


def generate_batches(
    features: Any, labels: Any, size: int = 32, shuffle: bool = True, *, seed: int | np.random.Generator | None = None
) -> Iterator[Batch]:
    """The batches of one epoch, with every example as one row and float labels as one column.

    Args:
        features: ``(n, ...)``, given out as ``(size, features)`` in float32.
        labels: ``(n,)`` or ``(n, 1)``, given out as ``(size, 1)`` in float32.
        size: of a batch; the last one may be smaller.
        shuffle: whether to draw a random order.
        seed: of the order.

    Raises:
        DataError, MatchError: as `DataLoader` and `FlatGenerator`, at the call.

    >>> x, y = next(generate_batches(np.eye(3), [1, 0, 1], size=2, shuffle=False))
    >>> x.shape, y.tolist(), y.dtype
    ((2, 3), [[1.0], [0.0]], dtype('float32'))
    """
    loader = DataLoader((features, labels), batch_size=size, shuffle=shuffle, seed=seed)
    return ((x, arrays.astype(y, "float32")) for x, y in FlatGenerator(loader))
