"""What training leaves behind and what it shows: the history, its table and its plot, the lines and the bar."""

import io
import sys

import numpy as np
import pytest

from lincoln import Dense
from lincoln.exc import MissingPackageError
from lincoln.models import Classifier, Epoch, History
from lincoln.models.display import Display

X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
Y = np.arange(20) % 2
PNG = b"\x89PNG"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def history(*epochs):
    """A history of (train loss, validation loss, metrics)."""
    made = History()
    for number, (train, valid, metrics) in enumerate(epochs, start=1):
        made.append(Epoch(number, 10 * number, train, valid, metrics, learning_rate=0.1, seconds=2.0))
    return made


WITH_VALIDATION = history((0.7, 0.8, {"accuracy": 0.5}), (0.5, 0.6, {"accuracy": 0.75}), (0.3, 0.9, {"accuracy": 0.7}))
WITHOUT = history((0.7, None, {}), (0.5, None, {}))
MIXED = history((0.7, None, {}), (0.5, 0.6, {"accuracy": 0.75}), (0.3, None, {"top_5_error": 0.25}))


# ---------------------------------------------------------------- the history


def test_the_best_epoch_has_the_lowest_validation_loss_or_else_training_loss():
    assert WITH_VALIDATION.best.number == 2
    assert WITHOUT.best.number == 2
    assert history((0.5, None, {}), (0.6, None, {})).best.number == 1


def test_the_best_of_equals_is_the_first():
    assert history((0.7, 0.5, {}), (0.1, 0.5, {})).best.number == 1


def test_a_row_holds_every_value_of_an_epoch_beside_the_others():
    assert WITH_VALIDATION.rows()[1] == {
        "number": 2,
        "steps": 20,
        "train_loss": 0.5,
        "valid_loss": 0.6,
        "learning_rate": 0.1,
        "seconds": 2.0,
        "accuracy": 0.75,
    }


def test_a_column_is_found_by_its_name():
    assert WITH_VALIDATION["train_loss"] == [0.7, 0.5, 0.3]
    assert WITH_VALIDATION["accuracy"] == [0.5, 0.75, 0.7]
    assert WITHOUT["valid_loss"] == [None, None]
    assert History()["train_loss"] == []


def test_a_column_has_none_where_an_epoch_has_no_value():
    assert MIXED["accuracy"] == [None, 0.75, None]
    assert MIXED["top_5_error"] == [None, None, 0.25]


def test_the_frame_has_a_row_for_each_epoch():
    frame = WITH_VALIDATION.to_frame()
    assert frame.shape == (3, 7)
    assert frame["valid_loss"].tolist() == [0.8, 0.6, 0.9]
    assert MIXED.to_frame()["accuracy"].notna().tolist() == [False, True, False]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_plot_is_saved_in_a_folder_that_need_not_be_there(tmp_path, ending):
    path = tmp_path / "new" / f"curves.{ending}"
    WITH_VALIDATION.plot(path, title="breast cancer")
    assert path.read_bytes()[:4] == {"png": PNG, "svg": b"<?xm", "pdf": b"%PDF"}[ending]


def test_the_plot_shows_losses_and_metrics_with_their_names():
    figure = WITH_VALIDATION.plot(title="breast cancer")
    losses, metrics = figure.axes
    assert figure.get_suptitle() == "breast cancer"
    assert [line.get_label() for line in losses.lines] == ["train loss", "valid loss"]
    assert [line.get_label() for line in metrics.lines] == ["accuracy"]
    assert (losses.get_xlabel(), losses.get_ylabel()) == ("epoch", "loss, mean per example")
    assert losses.lines[1].get_ydata().tolist() == [0.8, 0.6, 0.9]
    assert losses.lines[1].get_xdata().tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("of", "lines"),
    [(WITHOUT, [["train loss"]]), (MIXED, [["train loss", "valid loss"], ["accuracy", "top 5 error"]])],
)
def test_the_plot_shows_what_there_is(of, lines):
    assert [[line.get_label() for line in panel.lines] for panel in of.plot().axes] == lines


def test_the_plot_marks_whole_epochs_only():
    figure = WITH_VALIDATION.plot()
    ticks = np.concatenate([panel.get_xticks() for panel in figure.axes])
    assert np.array_equal(ticks, np.round(ticks))


def test_a_plot_opens_no_window_and_leaves_pyplot_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    assert WITHOUT.plot().axes


@pytest.mark.parametrize(
    ("package", "code", "asks", "fix"),
    [
        (
            "pandas",
            "LN161",
            History.to_frame,
            'pip install -e ".[pandas]"; or history.rows(), plain dictionaries',
        ),
        ("matplotlib.figure", "LN162", History.plot, 'pip install -e ".[plot]"'),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_brings_it(monkeypatch, package, code, asks, fix):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError) as caught:
        asks(WITH_VALIDATION)
    assert (caught.value.code, caught.value.fix) == (code, fix)
    assert caught.value.saw == f"no package {package.partition('.')[0]}"


def test_a_history_is_gone_through_and_shown():
    assert [epoch.number for epoch in WITH_VALIDATION] == [1, 2, 3]
    assert repr(WITH_VALIDATION) == "History(3 epochs, train_loss=0.3)"
    assert repr(History()) == "History(no epochs)"


def test_a_history_goes_on_in_the_next_fit():
    model = Classifier(Dense(1, seed=0)).fit(X, Y, epochs=2, print_every=None)
    model.fit(X, Y, epochs=2, print_every=None, valid=(X, Y))
    assert model.history["number"] == [1, 2, 3, 4]
    assert model.history["steps"] == [1, 2, 3, 4]
    assert model.history["valid_loss"][:2] == [None, None]
    assert all(seconds > 0 for seconds in model.history["seconds"])


# ---------------------------------------------------------------- the display


def fit(**options):
    return Classifier(Dense(1, seed=0)).fit(X, Y, batch_size=20, **options)


def test_nothing_is_written_unless_asked_for(capfd):
    fit(epochs=3, print_every=None)
    assert capfd.readouterr() == ("", "")


def test_all_is_written_to_stderr_in_plain_lines_where_there_is_no_terminal(capfd):
    fit(epochs=3, print_every=1, progress=True, valid=(X, Y))
    written = capfd.readouterr()
    assert written.out == ""
    assert len(written.err.splitlines()) == 6
    assert written.err.replace("\n", "").isprintable()


def test_a_long_run_says_about_ten_times_how_far_it_has_got(capfd):
    fit(epochs=205, print_every=None, progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        *(f"epoch {number}/205" for number in range(20, 205, 20)),
        "epoch 205/205",
    ]


def test_a_second_run_counts_its_own_epochs(capfd):
    fit(epochs=3, print_every=None).fit(X, Y, epochs=2, print_every=None, progress=True)
    assert [line.split("  ")[0] for line in capfd.readouterr().err.splitlines()] == ["epoch 1/2", "epoch 2/2"]


def test_a_progress_line_shows_losses_and_metrics(capsys):
    display = Display(epochs=1, bar=True)
    display.epoch(WITH_VALIDATION.epochs[0])
    assert capsys.readouterr().err == "epoch 1/1  train loss 0.7000  valid loss 0.8000  accuracy 0.5000\n"


def test_a_terminal_gets_a_bar_that_the_lines_do_not_disturb(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    fit(epochs=3, print_every=1, progress=True)
    shown = terminal.getvalue()
    assert "\r" in shown
    assert "3/3" in shown
    assert "\nEpoch 2.. Train loss: 0." in shown.replace("\r", "\n")
    assert shown.endswith("\n")
    assert capsys.readouterr().out == ""


def test_a_terminal_gets_no_bar_without_progress(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    fit(epochs=3, print_every=1)
    assert "\r" not in terminal.getvalue()
    assert len(terminal.getvalue().splitlines()) == 3


def test_a_terminal_gets_plain_lines_where_tqdm_is_missing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setitem(sys.modules, "tqdm", None)
    fit(epochs=3, print_every=None, progress=True)
    assert terminal.getvalue().replace("\n", "").isprintable()
    assert len(terminal.getvalue().splitlines()) == 3


def test_the_bar_is_closed_when_training_fails(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    model = Classifier(Dense(1, seed=0), batch_gen=[(X, Y), (X[:, :1], Y)])
    with pytest.raises(ValueError, match="built for 2 features"):
        model.fit(epochs=3, progress=True)
    assert terminal.getvalue().endswith("\n")
