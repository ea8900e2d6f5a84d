"""Datasets, loaders, splits and scales."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lincoln import arrays, data, utils
from lincoln.data import (
    Batches,
    DataLoader,
    Dataset,
    FlatGenerator,
    Standardizer,
    as_batches,
    check_finite,
    generate_batches,
    standardize,
    train_test_split,
)
from lincoln.exc import DataError, DimensionError, MatchError, NotFittedError


@pytest.fixture
def tensors():
    torch = pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    return torch


@pytest.fixture
def torch_in_use(tensors):
    arrays.use("torch")
    yield tensors
    arrays.use("numpy")


def numbered(n, columns=2):
    """Features that hold their row's number, and the same numbers as labels."""
    return np.repeat(np.arange(n, dtype=np.float64)[:, None], columns, axis=1), np.arange(n)


class Squares:
    """Examples that are made one by one, as a PyTorch dataset makes them."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return np.array([index, index**2], dtype=np.float64), index % 2


# ---------------------------------------------------------------------- Dataset


def test_a_dataset_gives_one_example_by_its_number():
    x, y = Dataset([[1.0, 2.0], [3.0, 4.0]], [7, 8])[1]
    assert x.tolist() == [3.0, 4.0]
    assert y == 8


def test_a_dataset_counts_back_from_the_end():
    assert Dataset(*numbered(5))[-1][1] == 4


def test_a_dataset_refuses_a_number_beyond_its_end():
    with pytest.raises(IndexError):
        Dataset(*numbered(5))[5]


def test_a_dataset_can_be_iterated_over():
    """Mistake 49."""
    dataset = Dataset(*numbered(3))
    assert len(dataset) == 3
    assert [int(y) for _, y in dataset] == [0, 1, 2]


@pytest.mark.parametrize(
    "index", [slice(1, 3), np.array([1, 2]), [1, 2], np.array([False, True, True, False]), slice(-3, -1)]
)
def test_a_dataset_gives_several_examples(index):
    x, y = Dataset(*numbered(4))[index]
    assert x.tolist() == [[1.0, 1.0], [2.0, 2.0]]
    assert y.tolist() == [1, 2]


def test_floats_come_out_in_the_float_dtype_and_integers_as_int64():
    x, y = Dataset(np.ones((2, 2)), np.array([1, 2], dtype=np.int8))[:]
    assert (x.dtype, y.dtype) == (np.float32, np.int64)


def test_float_labels_have_the_dtype_of_the_features():
    x, y = Dataset(np.ones((2, 2)), [0.5, 1.5], dtype="float64")[:]
    assert (x.dtype, y.dtype) == (np.float64, np.float64)


def test_token_ids_stay_integers_on_request():
    x, y = Dataset(np.array([[3, 1], [2, 0]]), [0.0, 1.0], dtype="int64")[:]
    assert (x.dtype, y.dtype) == (np.int64, np.float32)


def test_integer_dtype_is_refused_for_float_features():
    with pytest.raises(DataError, match=r"dtype='int64', features of float64") as caught:
        Dataset(np.ones((2, 2)), [0, 1], dtype="int64")
    assert 'dtype="float32"' in caught.value.fix


def test_bytes_stay_bytes_until_they_are_drawn():
    dataset = Dataset(np.full((2, 4, 4), 255, dtype=np.uint8), [0, 1])
    assert dataset.features.dtype == np.uint8
    assert dataset[:][0].dtype == np.float32


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3)])
def test_labels_keep_their_shape(shape):
    assert Dataset(np.ones((4, 2)), np.zeros(shape))[:][1].shape == shape


def test_rows_are_new_arrays():
    dataset = Dataset(np.ones((4, 2), dtype=np.float32), np.arange(4))
    x, y = dataset[:2]
    x[:], y[:] = 0, 0
    assert dataset[:][0].min() == 1
    assert dataset[:][1].tolist() == [0, 1, 2, 3]


def test_rows_of_a_transposed_array_are_contiguous():
    x, _ = Dataset(np.arange(6.0, dtype=np.float32).reshape(2, 3).T, [0, 1, 2])[[2, 0]]
    assert x.flags.c_contiguous
    assert x.tolist() == [[2.0, 5.0], [0.0, 3.0]]


def test_setting_an_example_changes_the_dataset_alone():
    features, labels = np.ones((3, 2), dtype=np.float32), np.zeros(3, dtype=np.int64)
    dataset = Dataset(features, labels)
    dataset[1] = [5.0, 6.0], 9
    assert dataset[1][0].tolist() == [5.0, 6.0]
    assert dataset[1][1] == 9
    assert features.min() == features.max() == 1
    assert labels.max() == 0


def test_setting_several_examples():
    dataset = Dataset(*numbered(4))
    dataset[1:3] = np.zeros((2, 2)), [7, 8]
    assert dataset[:][0][:, 0].tolist() == [0.0, 0.0, 0.0, 3.0]
    assert dataset[:][1].tolist() == [0, 7, 8, 3]


def test_a_dataset_tells_what_it_is():
    """Mistake 49."""
    assert repr(Dataset(np.ones((4, 2)), np.zeros((4, 1)))) == (
        "Dataset(4 examples, features (2,) float32, labels (1,) float32)"
    )


def test_a_table_is_read_with_all_its_kinds_of_numbers():
    table = pd.DataFrame({"age": [30, 40], "member": [True, False], "share": [0.5, 0.25]})
    x, y = Dataset(table, pd.Series([1, 0]))[:]
    assert x.tolist() == [[30.0, 1.0, 0.5], [40.0, 0.0, 0.25]]
    assert y.tolist() == [1, 0]


def test_numbers_missing_in_a_table_become_nan():
    table = pd.DataFrame({"age": pd.array([30, None], dtype="Int64"), "share": [0.5, 0.25]})
    assert np.isnan(Dataset(table, [0, 1])[1][0]).tolist() == [True, False]


def test_a_column_of_strings_is_named_with_its_first_value():
    table = pd.DataFrame({"age": [30, 40], "city": ["Ulm", "Bonn"]})
    with pytest.raises(DataError, match=r"features of type object: 'Ulm' in row 0, column 'city'") as caught:
        Dataset(table, [0, 1])
    assert "np.unique(column, return_inverse=True)" in caught.value.fix


def test_an_object_among_numbers_is_named_with_its_place():
    with pytest.raises(DataError, match=r"features of type object: None in row 1, column 0"):
        Dataset(np.array([[1.0, 2.0], [None, 3.0]], dtype=object), [0, 1])


def test_numbers_kept_as_objects_are_refused_with_the_fix():
    with pytest.raises(DataError, match="type object") as caught:
        Dataset(np.array([[1.0], [2.0]], dtype=object), [0, 1])
    assert "x.astype(np.float32)" in caught.value.fix


def test_string_labels_are_refused_with_the_fix():
    with pytest.raises(DataError, match=r"labels of type <U3: 'cat' in row 0") as caught:
        Dataset(np.ones((2, 2)), np.array(["cat", "dog"]))
    assert "np.unique" in caught.value.fix


def test_the_fix_for_string_labels_works():
    labels = np.unique(np.array(["cat", "dog"]), return_inverse=True)[1]
    assert Dataset(np.ones((2, 2)), labels)[:][1].tolist() == [0, 1]


def test_complex_features_are_refused_with_a_fix_that_works():
    x = np.ones((2, 2), dtype=complex)
    with pytest.raises(DataError, match="complex128") as caught:
        Dataset(x, [0, 1])
    assert "np.concatenate([x.real, x.imag], axis=-1)" in caught.value.fix
    assert len(Dataset(np.concatenate([x.real, x.imag], axis=-1), [0, 1])) == 2


def test_dates_are_refused():
    with pytest.raises(DataError, match="datetime64") as caught:
        Dataset(np.array([["2026-01-01"]], dtype="datetime64[D]"), [0])
    assert "np.timedelta64" in caught.value.fix


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(DataError, match="inhomogeneous") as caught:
        Dataset([[1.0, 2.0], [3.0]], [0, 1])
    assert "cut or pad" in caught.value.fix


def test_different_numbers_of_examples_and_labels_are_refused():
    with pytest.raises(MatchError, match="3 examples, 2 labels"):
        Dataset(np.ones((3, 2)), [0, 1])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_empty_data_are_refused(shape):
    with pytest.raises(DataError, match=r"features of shape") as caught:
        Dataset(np.ones(shape), np.zeros(shape[0]))
    assert "lost" in caught.value.fix


def test_a_single_number_is_no_data():
    with pytest.raises(DimensionError, match="single number"):
        Dataset(3.0, [1])


def test_a_sparse_matrix_is_refused_with_the_fix():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match="type object") as caught:
        Dataset(sparse.csr_array(np.eye(2)), [0, 1])
    assert "x.toarray()" in caught.value.fix


def test_foreign_byte_order_is_read():
    assert Dataset(np.arange(4, dtype=">f4").reshape(2, 2), np.arange(2, dtype=">i2"))[1][0].tolist() == [2.0, 3.0]


# ---------------------------------------------------------------------- DataLoader


@given(n=st.integers(1, 40), size=st.one_of(st.none(), st.integers(1, 50)), shuffle=st.booleans())
def test_every_example_comes_once_an_epoch(n, size, shuffle):
    loader = DataLoader(numbered(n), batch_size=size, shuffle=shuffle, seed=0)
    batches = list(loader)
    assert sorted(np.concatenate([y for _, y in batches]).tolist()) == list(range(n))
    assert len(batches) == len(loader)


def test_the_last_partial_batch_is_kept():
    """Mistake 42."""
    assert [len(y) for _, y in DataLoader(numbered(114), batch_size=50)] == [50, 50, 14]


def test_the_last_partial_batch_is_left_out_on_request():
    loader = DataLoader(numbered(114), batch_size=50, drop_last=True)
    assert [len(y) for _, y in loader] == [50, 50]
    assert len(loader) == 2


def test_a_full_last_batch_is_never_left_out():
    assert len(list(DataLoader(numbered(100), batch_size=50, drop_last=True))) == 2


def test_shuffling_shuffles():
    """Mistake 2."""
    _, y = next(iter(DataLoader(numbered(100), batch_size=None, shuffle=True, seed=0)))
    assert y.tolist() != list(range(100))


def test_features_and_labels_are_shuffled_together():
    x, y = next(iter(DataLoader(numbered(100), batch_size=None, shuffle=True, seed=0)))
    np.testing.assert_array_equal(x[:, 0], y)


def test_each_epoch_has_a_new_order():
    loader = DataLoader(numbered(100), batch_size=None, shuffle=True, seed=0)
    (first,), (second,) = ([y.tolist() for _, y in loader] for _ in range(2))
    assert first != second


def test_the_same_seed_gives_the_same_orders():
    one, two = (DataLoader(numbered(50), shuffle=True, seed=3) for _ in range(2))
    assert [[y.tolist() for _, y in one] for _ in range(2)] == [[y.tolist() for _, y in two] for _ in range(2)]


def test_a_saved_generator_state_brings_the_order_back():
    loader = DataLoader(numbered(50), batch_size=None, shuffle=True, seed=3)
    state = loader.rng.bit_generator.state
    first = [y.tolist() for _, y in loader]
    loader.rng.bit_generator.state = state
    assert [y.tolist() for _, y in loader] == first


def test_shuffling_and_splitting_leave_the_global_generators_alone():
    """Mistake 55."""
    before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    list(DataLoader(numbered(50), shuffle=True))
    list(generate_batches(*numbered(50)))
    train_test_split(*numbered(50), stratify=False)
    assert (np.random.get_state()[1].tolist(), random.getstate()) == before  # noqa: NPY002


def test_the_data_stay_in_their_order():
    features, labels = numbered(50)
    list(DataLoader((features, labels), shuffle=True, seed=0))
    assert labels.tolist() == list(range(50))


def test_batches_are_contiguous_float32_arrays_of_their_own():
    table = pd.DataFrame(numbered(10)[0])
    x, _ = next(iter(DataLoader((table, range(10)), batch_size=4)))
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert x.flags.owndata


def test_a_loader_shuffles_tables():
    """Mistake 60."""
    features, labels = numbered(20)
    loader = DataLoader((pd.DataFrame(features), pd.Series(labels)), shuffle=True, seed=0)
    x, y = next(iter(loader))
    np.testing.assert_array_equal(x[:, 0], y)


def test_a_loader_takes_a_dataset_and_sees_its_changes():
    dataset = Dataset(*numbered(3))
    loader = DataLoader(dataset, batch_size=None)
    dataset[0] = [9.0, 9.0], 9
    assert next(iter(loader))[1].tolist() == [9, 1, 2]


def test_a_loader_takes_examples_that_are_made_one_by_one():
    """Mistake 47."""
    batches = list(DataLoader(Squares(5), batch_size=2))
    assert [x.tolist() for x, _ in batches] == [[[0, 0], [1, 1]], [[2, 4], [3, 9]], [[4, 16]]]
    assert batches[0][0].dtype == np.float32
    assert batches[0][1].tolist() == [0, 1]


def test_examples_that_are_made_one_by_one_are_shuffled():
    (x, y), *_ = DataLoader(Squares(50), batch_size=50, shuffle=True, seed=0)
    assert x[:, 0].tolist() != list(range(50))
    np.testing.assert_array_equal(x[:, 0] % 2, y)


def test_a_loader_of_examples_that_are_no_pairs_is_refused():
    with pytest.raises(DataError, match="an example that is a dict of 2") as caught:
        list(DataLoader([{"x": 1, "y": 2}]))
    assert "(features, labels)" in caught.value.fix


@pytest.mark.parametrize("source", [np.ones((3, 2)), pd.DataFrame({"a": [1.0]}), {"x": 1}, 5])
def test_a_loader_without_labels_is_refused(source):
    with pytest.raises(DataError, match=f"a {type(source).__name__}") as caught:
        DataLoader(source)
    assert "DataLoader((features, labels))" in caught.value.fix


@pytest.mark.parametrize("size", [0, -1, 2.5, "all"])
def test_a_batch_size_that_is_none_is_refused(size):
    with pytest.raises(DataError, match=f"batch_size={size!r}") as caught:
        DataLoader(numbered(5), batch_size=size)
    assert "None for all examples" in caught.value.fix


def test_a_loader_that_would_give_no_batch_is_refused():
    with pytest.raises(DataError, match="10 examples, batch_size=32, drop_last=True") as caught:
        DataLoader(numbered(10), drop_last=True)
    assert "drop_last=False" in caught.value.fix


def test_a_loader_refuses_another_dtype_than_its_datasets():
    with pytest.raises(MatchError, match="a Dataset of float32") as caught:
        DataLoader(Dataset(*numbered(5)), dtype="float64")
    assert caught.value.fix == "Dataset(features, labels, dtype='float64')"


def test_an_unknown_dtype_is_refused():
    with pytest.raises(DataError, match="dtype='float16'"):
        DataLoader(numbered(5), dtype="float16")


# ---------------------------------------------------------------------- batches from elsewhere


def test_batches_from_elsewhere_come_in_the_loaders_form():
    source = [(np.ones((2, 3)), [1, 0])]
    ((x, y),) = as_batches(source)
    assert (x.dtype, y.dtype) == (np.float32, np.int64)


def test_batches_from_elsewhere_come_again():
    batches = as_batches([(np.ones((2, 3)), [1, 0])])
    assert len(list(batches)) == len(list(batches)) == len(batches) == 1


def test_our_own_loaders_are_taken_as_they_are():
    loader = DataLoader(numbered(5))
    flat = FlatGenerator(loader)
    assert as_batches(loader) is loader
    assert as_batches(flat) is flat


@pytest.mark.parametrize("make", [as_batches, Batches, FlatGenerator])
def test_batches_that_can_be_read_once_are_refused(make):
    with pytest.raises(DataError, match="a generator") as caught:
        make(generate_batches(*numbered(5)))
    assert "DataLoader" in caught.value.fix


def test_a_batch_that_is_no_pair_is_refused():
    with pytest.raises(DataError, match="a batch that is a ndarray"):
        list(as_batches([np.ones((2, 3))]))


def test_a_batch_with_too_few_labels_is_refused():
    with pytest.raises(MatchError, match="2 examples, 1 labels"):
        list(as_batches([(np.ones((2, 3)), [1])]))


def test_a_flat_generator_makes_rows_and_a_column():
    ((x, y),) = FlatGenerator([(np.ones((2, 3, 4)), [1, 0])])
    assert (x.shape, y.shape) == ((2, 12), (2, 1))


def test_a_flat_generator_has_a_length():
    """Mistake 36."""
    assert len(FlatGenerator(DataLoader(numbered(114), batch_size=50))) == 3


def test_a_flat_generator_refuses_one_hot_rows():
    with pytest.raises(MatchError, match=r"2 examples, labels \(2, 3\)") as caught:
        list(FlatGenerator([(np.ones((2, 4)), np.ones((2, 3)))]))
    assert "y.argmax(axis=1)" in caught.value.fix


# ---------------------------------------------------------------------- generate_batches


def test_generated_batches_are_shuffled():
    """Mistake 2."""
    x, y = next(generate_batches(*numbered(100), size=100, seed=0))
    assert y[:, 0].tolist() != list(range(100))
    np.testing.assert_array_equal(x[:, :1], y)


def test_generated_batches_differ_between_calls():
    """Mistake 2."""
    first, second = (next(generate_batches(*numbered(100), 100))[1].tolist() for _ in range(2))
    assert first != second


@pytest.mark.parametrize("labels", [np.arange(5), np.arange(5)[:, None], list(range(5))])
def test_generated_batches_come_in_order_without_shuffling(labels):
    """Mistake 3."""
    batches = list(generate_batches(np.eye(5), labels, 2, shuffle=False))
    assert [y.tolist() for _, y in batches] == [[[0.0], [1.0]], [[2.0], [3.0]], [[4.0]]]


def test_generated_batches_are_float32_rows_and_columns():
    x, y = next(generate_batches(np.ones((4, 3, 2)), [1, 0, 1, 0]))
    assert (x.shape, x.dtype) == ((4, 6), np.float32)
    assert (y.shape, y.dtype) == ((4, 1), np.float32)


def test_generate_batches_refuses_different_lengths_at_the_call():
    with pytest.raises(MatchError, match="4 examples, 3 labels"):
        generate_batches(np.ones((4, 3)), [1, 0, 1])


def test_the_notebooks_names_are_in_utils():
    assert utils.standardize is data.standardize
    assert utils.generate_batches is data.generate_batches


# ---------------------------------------------------------------------- finite


def test_finite_data_pass():
    check_finite(np.full((2, 2), 3e38, dtype=np.float32))


def test_integers_are_finite():
    check_finite(np.arange(6).reshape(2, 3))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_with_row_and_column(value):
    x = np.ones((4, 3))
    x[2, 1] = value
    with pytest.raises(DataError, match=rf"features: {value} in row 2, column 1 \(1 of 12 numbers is not finite\)"):
        check_finite(x)


def test_what_is_not_finite_in_a_table_is_named_with_the_columns_name():
    table = pd.DataFrame({"age": [30, 40], "share": [0.5, np.nan]})
    with pytest.raises(DataError, match="row 1, column 'share'") as caught:
        check_finite(table)
    assert "np.nan_to_num(x)" in caught.value.fix


def test_infinities_that_cancel_are_found():
    with pytest.raises(DataError, match="row 0"):
        check_finite(np.array([np.inf, -np.inf, 1.0]))


# ---------------------------------------------------------------------- train_test_split


def test_a_split_has_every_example_once():
    x_train, x_test, y_train, y_test = train_test_split(*numbered(25), stratify=False, seed=0)
    assert (len(x_train), len(x_test)) == (20, 5)
    assert sorted([*y_train.tolist(), *y_test.tolist()]) == list(range(25))
    np.testing.assert_array_equal(x_train[:, 0], y_train)
    np.testing.assert_array_equal(x_test[:, 0], y_test)


@given(
    counts=st.lists(st.integers(2, 30), min_size=1, max_size=5),
    share=st.floats(0.05, 0.9),
    seed=st.integers(0, 1000),
)
def test_a_split_keeps_the_shares_of_classes(counts, share, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    n_test = min(int(np.ceil(len(labels) * share)), len(labels) - len(counts))
    _, _, y_train, y_test = train_test_split(labels[:, None], labels, test_size=n_test, seed=seed)
    in_test = np.bincount(y_test, minlength=len(counts))
    assert len(y_test) == n_test
    assert np.bincount(y_train, minlength=len(counts)).min() >= 1
    assert np.all(np.abs(in_test - np.array(counts) * n_test / len(labels)) <= len(counts))


def test_a_split_of_two_classes_keeps_their_shares_to_one_example():
    labels = np.array([0] * 212 + [1] * 357)
    _, _, _, y_test = train_test_split(labels[:, None], labels, seed=9)
    assert np.bincount(y_test).tolist() == [42, 72]


def test_a_split_mixes_the_classes():
    labels = np.repeat([0, 1], 50)
    _, _, y_train, y_test = train_test_split(labels[:, None], labels, seed=0)
    assert np.abs(np.diff(y_train)).sum() > 10
    assert np.abs(np.diff(y_test)).sum() > 2


@pytest.mark.parametrize(
    "labels",
    [np.array(["a"] * 5 + ["b"] * 5), np.array([[0.0]] * 5 + [[1.0]] * 5), pd.Series(["a"] * 5 + ["b"] * 5)],
)
def test_strings_and_columns_of_ones_and_zeros_are_classes(labels):
    _, _, _, y_test = train_test_split(np.eye(10), labels, test_size=0.4, seed=0)
    assert np.unique(np.asarray(y_test), return_counts=True)[1].tolist() == [2, 2]


@pytest.mark.parametrize("labels", [np.linspace(0, 1, 10), np.eye(10, dtype=int)])
def test_quantities_and_label_matrices_are_split_plainly(labels):
    assert len(train_test_split(np.eye(10), labels, seed=0)[3]) == 2


def test_the_same_seed_gives_the_same_split():
    """Mistake 55."""
    one, two = (train_test_split(*numbered(30), stratify=False, seed=1)[3].tolist() for _ in range(2))
    assert one == two


def test_tables_are_split_into_tables():
    features, labels = pd.DataFrame({"a": range(10), "b": range(10)}), pd.Series([0, 1] * 5)
    x_train, x_test, _, y_test = train_test_split(features, labels, seed=0)
    assert list(x_train.columns) == ["a", "b"]
    assert x_test.index.tolist() == y_test.index.tolist()


@pytest.mark.parametrize("size", [0.0, 1.0, -0.5, 1.5, 0, 10, 11])
def test_a_test_size_that_leaves_nothing_is_refused(size):
    with pytest.raises(DataError, match=f"test_size={size!r} of 10 examples") as caught:
        train_test_split(*numbered(10), test_size=size, stratify=False)
    assert "test_size=0.2" in caught.value.fix


def test_a_test_size_that_empties_a_class_is_refused():
    with pytest.raises(DataError, match="9 test examples of 10") as caught:
        train_test_split(np.eye(10), [0] * 5 + [1] * 5, test_size=9)
    assert "keeps one to learn from" in str(caught.value)


def test_a_class_of_one_example_is_refused_with_a_fix_that_works():
    labels = [0, 0, 0, 0, 7]
    with pytest.raises(DataError, match="only one example of class 7") as caught:
        train_test_split(np.eye(5), labels)
    assert "stratify=False" in caught.value.fix
    assert len(train_test_split(np.eye(5), labels, stratify=False)) == 4


def test_missing_string_labels_are_refused():
    with pytest.raises(DataError, match="labels of different types: float, str"):
        train_test_split(np.eye(4), np.array(["a", "a", "b", np.nan], dtype=object))


def test_a_split_refuses_different_lengths():
    with pytest.raises(MatchError, match="4 examples, 3 labels"):
        train_test_split(np.eye(4), [0, 1, 0])


# ---------------------------------------------------------------------- standardizing


def test_columns_of_any_size_come_to_one_scale():
    """Mistake 40."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)) * [350.0, 0.01] + [650.0, 0.06]
    z = standardize(x)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
def test_constant_columns_become_zero(dtype):
    """Mistake 10."""
    x = np.array([[3, 1], [3, 2], [3, 3]], dtype=dtype)
    assert standardize(x)[:, 0].tolist() == [0.0, 0.0, 0.0]


def test_a_column_constant_at_a_number_without_exact_form_becomes_zero():
    """Mistake 10."""
    assert np.abs(standardize(np.full((7, 1), 0.1))).max() == 0


def test_a_column_whose_variance_is_below_all_numbers_stays_finite():
    assert np.isfinite(standardize([[1e-310], [0.0]])).all()


@pytest.mark.parametrize(("dtype", "expected"), [("float32", "float32"), ("float64", "float64"), ("int64", "float32")])
def test_standardizing_keeps_the_float_dtype(dtype, expected):
    assert standardize(np.array([[1], [2]], dtype=dtype)).dtype == expected


def test_standardizing_leaves_its_input_alone():
    x = np.array([[1.0], [3.0]])
    standardize(x)
    assert x.tolist() == [[1.0], [3.0]]


def test_a_standardizer_learns_from_training_data_alone():
    """Mistake 9."""
    standardizer = Standardizer().fit([[0.0], [2.0]])
    assert standardizer.transform([[100.0]]).tolist() == [[99.0]]
    assert standardizer.mean_.tolist() == [1.0]
    assert standardizer.scale_.tolist() == [1.0]


def test_test_data_survive_a_column_that_was_constant_in_training():
    """Mistake 10."""
    assert Standardizer().fit([[5.0], [5.0]]).transform([[7.0]]).tolist() == [[2.0]]


def test_labels_come_back_to_their_own_scale():
    """Mistake 54."""
    y = np.array([10.0, 20.0, 60.0])
    standardizer = Standardizer()
    np.testing.assert_allclose(standardizer.inverse_transform(standardizer.fit_transform(y)), y)


def test_predictions_of_one_column_come_back_to_the_scale_of_plain_labels():
    standardizer = Standardizer().fit([10.0, 30.0])
    assert standardizer.inverse_transform([[0.0], [1.0]]).tolist() == [[20.0], [30.0]]


def test_images_are_standardized_pixel_by_pixel():
    x = np.random.default_rng(0).normal(size=(50, 3, 3)) + 5
    z = Standardizer().fit_transform(x)
    np.testing.assert_allclose(z.mean(axis=0), np.zeros((3, 3)), atol=1e-12)


def test_a_standardizer_takes_tables():
    table = pd.DataFrame({"a": [1, 3], "b": [0.0, 4.0]})
    assert Standardizer().fit_transform(table).tolist() == [[-1.0, -1.0], [1.0, 1.0]]


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_a_standardizer_must_be_fitted_first(method):
    with pytest.raises(NotFittedError, match=f"{method} before fit") as caught:
        getattr(Standardizer(), method)([[1.0]])
    assert "fit(x_train)" in caught.value.fix


def test_a_standardizer_refuses_other_columns():
    with pytest.raises(MatchError, match=r"columns \(3,\), fitted to columns \(2,\)"):
        Standardizer().fit(np.eye(2)).transform(np.ones((4, 3)))


def test_a_standardizer_refuses_nan_in_training_data():
    with pytest.raises(DataError, match=r"Standardizer\.fit(?s:.)*nan in row 1, column 0"):
        Standardizer().fit([[1.0], [np.nan]])


@pytest.mark.parametrize("offset", [0, 1_700_000_000, 2**50])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64, np.float64, "Int64"])
def test_a_standardizer_keeps_the_differences_of_large_numbers(offset, dtype):
    x = pd.DataFrame({"time": np.arange(offset, offset + 100)}).astype(dtype)
    z = Standardizer().fit_transform(x)[:, 0]
    small = np.arange(100.0)
    np.testing.assert_allclose(z, (small - small.mean()) / small.std(), rtol=1e-6)


def test_a_standardizer_subtracts_the_mean_of_float32_numbers_before_it_is_rounded():
    x = np.float32(2**23) + np.arange(100, dtype=np.float32)[:, None]
    z = Standardizer().fit_transform(x)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z.mean(), 0.0, atol=1e-6)


TABLE = pd.DataFrame({"age": [1.0, 2.0, 6.0], "pay": [30.0, 10.0, 50.0]})


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize(
    ("table", "saw"),
    [
        (TABLE[["pay", "age"]], r"column 0 is 'pay'; in fit it was 'age'"),
        (TABLE.rename(columns={"pay": "wage"}), r"not seen: 'wage'; missing: 'pay'"),
        (TABLE[["age", "age"]], r"not seen: none; missing: 'pay'"),
    ],
    ids=["order", "names", "twice"],
)
def test_a_standardizer_refuses_columns_in_another_place(table, saw, saved):
    standardizer = Standardizer().fit(TABLE)
    if saved:
        standardizer = Standardizer().load_state_dict(standardizer.state_dict())
    for method in (standardizer.transform, standardizer.inverse_transform):
        with pytest.raises(MatchError, match=saw) as caught:
            method(table)
        assert caught.value.code == "LN580"
    assert caught.value.fix == "the columns of fit in their order: x[['age', 'pay']]"
    right = TABLE[["pay", "age"]][["age", "pay"]]
    assert (standardizer.transform(right) == standardizer.transform(TABLE.to_numpy())).all()


def test_columns_that_are_numbered_have_an_order_and_no_names():
    numbered = pd.DataFrame(TABLE.to_numpy())
    standardizer = Standardizer().fit(numbered)
    with pytest.raises(MatchError, match="column 0 is 1; in fit it was 0"):
        standardizer.transform(numbered[[1, 0]])
    assert (standardizer.transform(TABLE) == Standardizer().fit(TABLE).transform(numbered)).all()


def test_a_standardizer_tells_what_it_was_fitted_to():
    assert repr(Standardizer()) == "Standardizer()"
    assert repr(Standardizer().fit(np.eye(3))) == "Standardizer(), fitted to columns (3,)"


# ---------------------------------------------------------------------- PyTorch


@pytest.mark.big
def test_tensors_come_out_as_tensors(tensors):
    loader = DataLoader((tensors.arange(6.0).reshape(3, 2).double(), tensors.tensor([0, 1, 2])), batch_size=2)
    (x, y), _ = loader
    assert (x.dtype, y.dtype) == (tensors.float32, tensors.int64)


@pytest.mark.big
def test_tensors_are_shuffled(tensors):
    y = tensors.arange(50)
    ((x, z),) = DataLoader((y[:, None].float(), y), batch_size=50, shuffle=True, seed=0)
    assert z.tolist() != list(range(50))
    assert x[:, 0].tolist() == z.tolist()


@pytest.mark.big
def test_rows_of_tensors_are_new_tensors(tensors):
    dataset = Dataset(tensors.ones(3, 2), tensors.zeros(3))
    dataset[:][0].zero_()
    assert dataset[0][0].tolist() == [1.0, 1.0]


@pytest.mark.big
def test_an_example_of_a_tensor_dataset_is_replaced(tensors):
    features = tensors.ones(3, 2)
    dataset = Dataset(features, tensors.zeros(3))
    dataset[1] = [5.0, 6.0], 1.0
    assert dataset[1][0].tolist() == [5.0, 6.0]
    assert features.min() == 1


@pytest.mark.big
def test_labels_follow_the_features_kind(tensors):
    _, y = Dataset(tensors.ones(3, 2), [0, 1, 2])[:]
    assert isinstance(y, tensors.Tensor)
    _, y = Dataset(np.ones((3, 2)), tensors.tensor([0, 1, 2]))[:]
    assert isinstance(y, np.ndarray)


@pytest.mark.big
def test_everything_comes_out_as_tensors_where_torch_is_in_use(torch_in_use):
    x, y = next(iter(DataLoader(numbered(4), shuffle=True)))
    assert isinstance(x, torch_in_use.Tensor)
    assert isinstance(y, torch_in_use.Tensor)
    x, y = Dataset([[1.0, 2.0]], [3])[0]
    assert (tuple(x.shape), tuple(y.shape)) == ((2,), ())


@pytest.mark.big
def test_generated_batches_are_tensors_where_torch_is_in_use(torch_in_use):
    x, y = next(generate_batches(*numbered(4)))
    assert (x.dtype, y.dtype) == (torch_in_use.float32, torch_in_use.float32)


@pytest.mark.big
def test_a_pytorch_dataset_is_taken(tensors):
    """Mistake 47."""
    from torch.utils.data import TensorDataset

    source = TensorDataset(tensors.arange(10.0).reshape(5, 2), tensors.arange(5))
    batches = list(DataLoader(source, batch_size=2))
    assert [y.tolist() for _, y in batches] == [[0, 1], [2, 3], [4]]
    assert isinstance(batches[0][0], tensors.Tensor)


@pytest.mark.big
def test_a_pytorch_loader_is_taken(tensors):
    from torch.utils.data import DataLoader as TorchLoader
    from torch.utils.data import TensorDataset

    source = TorchLoader(TensorDataset(tensors.ones(5, 2, 2).double(), tensors.arange(5)), batch_size=2)
    batches = as_batches(source)
    assert [x.dtype for x, _ in batches] == [tensors.float32] * 3
    assert [tuple(y.shape) for _, y in FlatGenerator(source)] == [(2, 1), (2, 1), (1, 1)]
    assert len(batches) == 3


@pytest.mark.big
def test_tensors_are_split_and_standardized_into_tensors(tensors):
    x_train, x_test, y_train, _ = train_test_split(tensors.rand(10, 3), tensors.tensor([0, 1] * 5), seed=0)
    z = Standardizer().fit(x_train).transform(x_test)
    assert isinstance(z, tensors.Tensor)
    assert isinstance(y_train, tensors.Tensor)


@pytest.mark.big
def test_tensors_that_are_not_finite_are_found(tensors):
    with pytest.raises(DataError, match="row 1, column 0"):
        check_finite(tensors.tensor([[1.0], [float("nan")]]))


@pytest.mark.big
def test_complex_tensors_are_refused(tensors):
    with pytest.raises(DataError, match="complex64"):
        Dataset(tensors.ones(2, 2, dtype=tensors.complex64), [0, 1])


# ---------------------------------------------------------------- tables of pandas


LARGE = 2**53 + np.arange(3)


@pytest.mark.parametrize("dtype", ["Int64", "UInt64"])
def test_large_integers_that_may_be_missing_stay_apart(dtype):
    column = pd.Series(LARGE).astype(dtype)
    assert Dataset(np.eye(3), column).labels.tolist() == LARGE.tolist()
    table = pd.DataFrame({"id": column, "new": [True, False, True]})
    assert Dataset(table, [0, 1, 0], dtype="int64").features[:, 0].tolist() == LARGE.tolist()


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (pd.to_datetime(["2024-03-31"] * 3), "datetime64"),
        (pd.to_timedelta([1, 2, 3]), "timedelta64"),
        (np.array([1j, 2, 3]), "complex128"),
    ],
    ids=["dates", "times", "complex"],
)
def test_a_table_of_numbers_and_something_else_is_refused_by_the_name_of_its_column(column, shown):
    table = pd.DataFrame({"age": [1, 2, 3], "pay": [1.5, 2.5, 3.5], "when": column})
    with pytest.raises(DataError, match=rf"features of type {shown}(?s:.)*in row 0, column 'when'") as caught:
        Dataset(table, [0, 1, 0])
    assert caught.value.code == "LN210"
    assert len(Dataset(table.drop(columns="when"), [0, 1, 0])) == 3


@pytest.mark.parametrize("given", [0, 2])
def test_a_loader_s_state_of_an_older_release_goes_on_as_it_did(given):
    loader = DataLoader((np.arange(12.0)[:, None], np.arange(12)), batch_size=3, shuffle=True, seed=0)
    passes = iter(loader)
    for _ in range(given):
        next(passes)
    old = {name: value for name, value in loader.state_dict().items() if name != "now"}
    other = DataLoader((np.arange(12.0)[:, None], np.arange(12)), batch_size=3, shuffle=True, seed=5)
    other.load_state_dict(old)
    rest = [y.tolist() for _, y in (passes if given else loader)]
    assert [y.tolist() for _, y in other] == rest
    assert [y.tolist() for _, y in other] == [y.tolist() for _, y in loader]


@pytest.mark.parametrize(
    ("dtype", "start"), [(np.int64, 2**62), (np.int64, -(2**63)), (np.int64, 2**63 - 3), (np.uint64, 2**64 - 3)]
)
def test_neighbouring_large_integers_are_standardized_apart(dtype, start):
    x = np.array([[start + 0, 7], [start + 1, 8], [start + 2, 9]], dtype)
    expected = Standardizer().fit_transform(np.array([[0, 7], [1, 8], [2, 9]]))
    standardizer = Standardizer().fit(x)
    again = Standardizer().load_state_dict(standardizer.state_dict())
    np.testing.assert_array_equal(standardizer.transform(x), expected)
    np.testing.assert_array_equal(again.transform(x), expected)


def test_the_whole_range_of_integers_is_standardized_without_overflow():
    x = np.array([[-(2**63)], [2**63 - 1]])
    np.testing.assert_array_equal(Standardizer().fit_transform(x), [[-1.0], [1.0]])


def test_a_pyarrow_table_is_known_by_its_columns_names():
    table = pa.table({"a": [1.0, 2.0, 3.0], "b": [1.0, 5.0, 9.0]})
    standardizer = Standardizer().fit(table)
    assert standardizer.names_ == ["a", "b"]
    assert standardizer.transform(table.slice(0, 1)).shape == (1, 2)
    with pytest.raises(MatchError, match="column 0 is 'b'; in fit it was 'a'"):
        standardizer.transform(table.select(["b", "a"]))
    with pytest.raises(DataError, match="row 0, column 'b'"):
        Standardizer().fit(pa.table({"a": [1.0], "b": [np.nan]}))


def test_a_number_and_its_text_are_two_names():
    standardizer = Standardizer().fit(pd.DataFrame([[1.0, 2.0], [3.0, 5.0]], columns=[1, "1"]))
    with pytest.raises(MatchError, match="column 0 is '1'; in fit it was 1"):
        standardizer.transform(pd.DataFrame([[2.0, 1.0]], columns=["1", 1]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, bool])
def test_masked_numbers_are_missing_ones(dtype):
    masked = np.ma.array([[1], [0], [1]], dtype=dtype, mask=[[False], [False], [True]])
    with pytest.raises(DataError, match=r"LN214(?s:.)*nan in row 2, column 0"):
        Standardizer().fit(masked)
    read = data.Dataset(masked, [0, 1, 0])[:][0]
    assert np.isnan(read[:, 0]).tolist() == [False, False, True]
    nothing = np.ma.array([[1], [0]], dtype=dtype)
    assert data.Dataset(nothing, [0, 1])[:][0].tolist() == [[1.0], [0.0]]


def test_masked_words_are_none():
    words = np.ma.array(["a", "b"], mask=[False, True])
    assert arrays.numpy(words).tolist() == ["a", None]
