"""What ``lincoln train`` does, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..exc import DataError
from . import runs, settings
from .console import Console
from .errors import UsageError
from .gates import check_gates, read_gates, shown_metric
from .progress import Progress
from .table import TrainingTable, digest, open_table
from .threads import set_threads, threads, threads_for

__all__ = ["train"]

IRIS = Path(__file__).with_name("iris.csv")
_MODEL = (
    "hidden",
    "dropout",
    "epochs",
    "batch_size",
    "lr",
    "weight_decay",
    "label_smoothing",
    "patience",
)
_FREE = {"plots", "runs"}
"""The options that are allowed with ``--resume``."""


def train(
    given: Mapping[str, Any],
    *,
    typed: set[str],
    resume: str | None,
    config: str | None,
    gates: tuple[str, ...],
    console: Console,
) -> int:
    """Train, test and save, and return the exit code.

    Args:
        given: every setting by the name of its option.
        typed: the names of those that the command line gave.
        resume: the run to go on with.
        config: the file that settings were taken from.
        gates: what ``--fail-under`` was given.
        console: where to report.
    """
    wanted = read_gates(gates)
    run, chosen = _chosen(given, typed, resume)
    if run is not None and run.over:
        return _nothing_left(run, wanted, console)
    set_threads(chosen["threads"])
    with Progress(console) as progress:
        table = _open(chosen, progress, run, console)
        training = Training(run, chosen, table, console, progress)
        if config is not None:
            training.compare(Path(config))
        try:
            model, test = training.fit()
            metrics = training.finish(model, test)
        except KeyboardInterrupt:
            folder = training.run.folder
            console.say(f"\ninterrupted; to go on: lincoln train --resume {folder}")
            console.event("interrupted", run=str(folder), epochs=training.epochs)
            return 130
    training.report(model, metrics)
    check_gates(wanted, metrics)
    return 0


class Training:
    """One run of training, on its way: one that has begun, or, for None, a new one."""

    def __init__(
        self, run: runs.Run | None, chosen: dict[str, Any], table: TrainingTable, console: Console, progress: Progress
    ) -> None:
        self.chosen = chosen
        self.table = table
        self.console = console
        self.progress = progress
        self.epochs = 0
        self.found: dict[str, Any] = {"rows": table.rows, "columns": list(table.kinds)}
        self.found["sha256"] = digest(table.file.layout.path)
        if run is not None:
            self._check_data(run)
        self.run = run or runs.new_run(Path(chosen["runs"]), chosen["name"], config=self._new_settings)
        self.write_settings()

    def fit(self) -> tuple[Any, Any]:
        """The trained model, and the rows to test it on."""
        model = self.new_model()
        hooks = {"on_start": self.on_start, "on_step": self.on_step, "on_epoch": self.on_epoch}
        again = self.run.checkpoint if self.run.checkpoint.exists() else None
        target, table = self.table.target, self.table
        if table.stream:
            model.fit_chunks(table.training_parts, target, checkpoint=self.run.checkpoint, resume=again, **hooks)
            return model, table.test_rows() if table.test_share else None
        learned, test = table.divided(self.task_of)
        model.fit(learned, target, checkpoint=self.run.checkpoint, resume=again, **hooks)
        return model, test

    def task_of(self, column: Any) -> str:
        """The task that a target's values suggest, if none was said."""
        from ..tabular.targets import task_of

        return task_of(column, self.chosen["task"], hint=self.table.file.decimal)

    def new_model(self) -> Any:
        """The model that the settings describe."""
        from ..tabular import TabularModel, TabularPreprocessor

        kinds = dict.fromkeys(self.chosen["categorical"], "category") | dict.fromkeys(self.chosen["numeric"], "numeric")
        kinds.pop(self.table.target, None)
        options = {name: self.chosen[name] for name in _MODEL}
        preprocessor = TabularPreprocessor(
            kinds=kinds or None,
            missing=self.table.file.tokens,
            decimal="," if self.table.file.decimal == "," else None,
            day_first=self.chosen["day_first"],
            seed=self.chosen["seed"],
        )
        more = {"task": self.chosen["task"], "valid_share": self.chosen["valid_size"], "seed": self.chosen["seed"]}
        return TabularModel(preprocessor=preprocessor, **more, **options)

    def compare(self, config: Path) -> None:
        """Say why a run may not repeat, bit for bit, the one whose settings it has."""
        if settings.told(config, "found").get("sha256") not in (None, self.found["sha256"]):
            self.console.note(f"{self.table.file.name} is not the file that {config} tells of: the result will differ")
        before, now = settings.told(config, "versions"), settings.versions()
        others = [f"{name} {before[name]} then, {now[name]} now" for name in before if before[name] != now.get(name)]
        if others:
            self.console.note(f"bits may differ: {'; '.join(others)}")

    # ------------------------------------------------------------------ while it trains

    def on_start(self, model: Any) -> None:
        """Called when everything is known but the weights."""
        self.chosen |= {name: model.settings[name] for name in _MODEL}
        self.chosen |= {"task": model.task, "valid_size": model.settings["valid_share"]}
        if self.chosen["threads"] is None:
            set_threads(threads_for(model), needed=False)
            self.chosen["threads"] = threads()
        self.write_settings()
        told = [name for name, facts in self.table.found.facts.items() if facts.constant]
        for note in model.notes:
            if not any(note.startswith(f"column {name!r} is left out") for name in told):
                self.console.note(note)
        self.run.write_history(model.history)
        self.epochs = len(model.history)
        self.progress.stage("training", total=model.total_steps, unit="steps")
        self.console.event("training", steps=model.total_steps, epochs=model.total_epochs, settings=self.settings())

    def on_step(self, model: Any, step: int) -> None:
        """Called after each step."""
        self.progress.update(step)

    def on_epoch(self, model: Any, epoch: Any) -> None:
        """Called after each epoch."""
        self.epochs = epoch.number
        self.run.add_epoch(epoch)
        self.progress.update(self.progress.done, more=f"epoch {epoch.number} of at most {model.total_epochs}")
        self.console.event("epoch", **runs.epoch_row(epoch))

    # ------------------------------------------------------------------ when it is trained

    def finish(self, model: Any, test: Any) -> dict[str, float]:
        """Save the model before anything that can fail; then test it and write everything; the metrics."""
        self.found |= {"epochs": len(model.history), "best_epoch": model.best_epoch}
        tested = test is not None and len(test)
        model.about = {
            "data": self.table.file.name,
            "columns": self.table.kinds,
            "decimal": self.table.file.decimal,
            "test_rows": len(test) if tested else 0,
            "rows": self.table.rows,
            "versions": settings.versions(),
        }
        self.save(model)
        metrics = self.tested(model, test) if tested else {}
        self.found |= {f"test_{name}": float(value) for name, value in metrics.items()}
        model.about["metrics"] = metrics
        self.save(model)
        self.run.checkpoint.unlink(missing_ok=True)
        if self.chosen["plots"]:
            self.plot(model, test if tested else None)
        return metrics

    def save(self, model: Any) -> None:
        """Write the model, and the settings."""
        from ..files import save

        save(model, self.run.model)
        self.write_settings()

    def tested(self, model: Any, test: Any) -> dict[str, float]:
        """The metrics on the test rows; classes that only these have count as wrong."""
        from ..tabular.columns import told_unknown
        from ..tabular.values import as_values

        self.progress.stage("testing", total=len(test), unit="rows")
        target = self.table.target
        if model.task == "classification":
            labels = model.target.labels(as_values(test[target]), where="test rows", column=target, unknown=True)
            if many := int((labels < 0).sum()):
                self.console.note(
                    f"{many:,} test rows are of classes that only test rows have: they count as wrong, "
                    "and log_loss and roc_auc leave them out"
                )
        unknown = Counter[tuple[str, str]]()
        metrics: dict[str, float] = model.evaluate_chunks([test], target, unknown_classes=True, unknown=unknown)
        for line in told_unknown(unknown):
            self.console.note(f"of the test rows, {line}")
        return metrics

    def plot(self, model: Any, test: Any) -> None:
        """Draw the learning curve, and the predictions on the test rows."""
        from ..tabular.values import as_values
        from .plots import plot_confusion, plot_predictions, quiet

        target, folder = self.table.target, self.run.folder
        with quiet():
            model.history.plot(folder / "learning_curve.png", title=self.chosen["name"])
            if test is None:
                return
            found = {"where": "test rows", "column": target}
            values = as_values(test[target])
            predicted, _ = model.answers(test.drop(columns=target), unknown=Counter())
            title = f"{len(test):,} test rows"
            if model.task == "classification":
                labels = model.target.labels(values, unknown=True, **found)
                known = labels >= 0
                names = model.classes[labels[known]]
                plot_confusion(folder / "confusion.png", names, predicted[known], classes=model.classes, title=title)
            else:
                labels = model.target.numbers(values, **found)
                plot_predictions(folder / "predictions.png", labels, predicted, target=target, title=title)

    def report(self, model: Any, metrics: Mapping[str, float]) -> None:
        """Show the results."""
        rows = [[f"test {name}", shown_metric(name, value)] for name, value in metrics.items()]
        rows += [["epochs", f"{len(model.history)} (best: {model.best_epoch})"]]
        self.console.table([self.table.target, model.task], rows)
        made = sorted(one.name for one in self.run.folder.iterdir() if not one.name.startswith("."))
        self.console.say(f"saved into {self.run.folder}: {', '.join(made)}", style="good")
        self.console.event(
            "result",
            run=str(self.run.folder),
            model=str(self.run.model),
            task=model.task,
            metrics=metrics,
            epochs=len(model.history),
            best_epoch=model.best_epoch,
            files=made,
        )

    # ------------------------------------------------------------------ settings

    def settings(self) -> dict[str, Any]:
        """The settings, as they are written."""
        data = self.chosen["data"]
        return self.chosen | {"data": None if data is None else str(Path(data).absolute())}

    def _check_data(self, run: runs.Run) -> None:
        """Refuse to go on with a run on other data than it began with."""
        before = settings.told(run.config, "found").get("sha256")
        if before not in (None, self.found["sha256"]):
            raise DataError(
                code="LN742",
                where=f"--resume {run.folder}",
                saw=f"{self.table.file.layout.path}, changed since the run began",
                why="the run would go on with other rows than it has learned from",
                fix=f"the file as it was; or lincoln train --config {run.config}, which begins anew",
            )

    def _new_settings(self, run: runs.Run) -> bytes:
        """The settings of a run that is to begin, under the name that it gets."""
        self.chosen["name"] = run.folder.name
        return settings.settings_file(run.config, self.settings(), found=self.found)

    def write_settings(self) -> None:
        """Write every setting as far as it is known."""
        settings.write_settings(self.run.config, self.settings(), found=self.found)


def _chosen(given: Mapping[str, Any], typed: set[str], resume: str | None) -> tuple[runs.Run | None, dict[str, Any]]:
    """The run to go on with, if there is one, and the settings."""
    chosen = dict(given)
    if resume is None:
        return None, chosen
    run = runs.find_run(resume, Path(chosen["runs"]))
    if extra := sorted(typed - _FREE):
        raise UsageError(
            code="LN740",
            where=f"--resume {resume}",
            saw=f"also {', '.join('--' + name.replace('_', '-') for name in extra)}",
            why="an interrupted run goes on with the settings that it began with",
            fix=f"--resume {resume} alone; or --config {run.config} with other settings, which begins anew",
        )
    return run, chosen | settings.read_settings(run.config)


def _nothing_left(run: runs.Run, wanted: Mapping[str, float], console: Console) -> int:
    """Say that a run is over, and hold its test against the gates."""
    found = settings.told(run.config, "found").items()
    metrics = {name.removeprefix("test_"): value for name, value in found if name.startswith("test_")}
    console.say(f"{run.folder} is over, nothing is left to do; to begin anew: lincoln train --config {run.config}")
    console.event("over", run=str(run.folder), model=str(run.model), metrics=metrics)
    check_gates(wanted, metrics)
    return 0


def _open(chosen: dict[str, Any], progress: Progress, run: runs.Run | None, console: Console) -> TrainingTable:
    """The table that the settings name; what they leave open is filled in."""
    embedded = chosen["data"] is None
    path = IRIS if embedded else Path(chosen["data"])
    if embedded:
        console.say("no DATA is given: training on the irises that come with Lincoln (Fisher 1936)")
        chosen["target"] = chosen["target"] or "species"
    chosen["name"] = chosen["name"] or path.name.partition(".")[0]
    table = open_table(path, chosen, progress)
    chosen["stream"] = table.stream
    chosen["drop"] = [*chosen["drop"], *table.left_out]
    for note in table.found.notes:
        console.note(note)
    if table.file.skipped:
        console.note(f"{table.file.skipped:,} lines of another length than the header are left out")
    if missing := table.found.facts[table.target].missing:
        console.note(f"{missing:,} rows without a value of {table.target!r} are left out")
    console.event("data", file=str(path), rows=table.rows, columns=table.kinds, target=table.target)
    return table
