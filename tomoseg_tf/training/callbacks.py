"""What happens around the epochs of a run."""

import math
import time

from tomoseg_tf.backend import load_keras
from tomoseg_tf.training.checkpoint import take_state, write_state
from tomoseg_tf.training.schedule import best_epoch, ends_stage, learning_rate

keras = load_keras()

SCORES = ("loss", "accuracy", "dice")


class Epochs(keras.callbacks.Callback):
    """Set the learning rate before each epoch; keep all that counts after it.

    The state is written first and in one step, then what can be made again from
    it: the weights with the best scores, the history, the logs.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    run : RunFolder
        Where everything is kept.
    history : list of dict
        Scores of the epochs before; the new ones are appended to it.
    save : callable
        ``save(folder, row)`` writes the weights of an epoch into a folder.
    report : callable or None
        ``report(row)`` is called after each epoch.
    progress : callable or None
        ``progress(done, total)`` is called after each step, over the whole run.

    Attributes
    ----------
    log : EventLog or None
        TensorBoard logs, None for none.
    """

    def __init__(self, recipe, run, history, *, save, report=None, progress=None):
        super().__init__()
        self.recipe, self.run, self.history = recipe, run, history
        self.save, self.log = save, None
        self.report, self.progress = report, progress
        self.rate, self.begun = None, None

    def on_epoch_begin(self, epoch, logs=None):
        """Set the learning rate of the epoch."""
        self.rate = learning_rate(self.history, self.recipe)
        self.model.optimizer.learning_rate = self.rate
        self.begun = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        """Stop with an error when the loss is no number."""
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            rate = self.recipe.optimiser.learning_rate
            raise ValueError(
                f"the loss became {loss} in step {batch + 1} of epoch {len(self.history) + 1}; "
                f"lower optimiser.learning_rate ({rate:g}) or set optimiser.clip_norm"
            )
        if self.progress is not None:
            steps = self.params["steps"]
            total = steps * self.recipe.schedule.epochs
            self.progress(len(self.history) * steps + batch + 1, total)

    def on_epoch_end(self, epoch, logs=None):
        """Write the state of the run, then everything that follows from it."""
        names = sorted(logs, key=lambda name: (name.startswith("val_"), name))
        scores = {name: float(logs[name]) for name in names}
        seconds = round(time.monotonic() - self.begun, 3)
        row = {"epoch": epoch + 1, **scores, "learning_rate": self.rate, "seconds": seconds}
        self.history.append(row)
        write_state(self.run.state, take_state(self.model, self.history))
        self.publish()
        self.model.stop_training = ends_stage(self.history, self.recipe)
        if self.log is not None:
            self.log.write(row)
        if self.report is not None:
            self.report(row)

    def publish(self):
        """Write what follows from the last state: the best weights and the history."""
        for score in SCORES:
            if best_epoch(self.history, f"val_{score}") == len(self.history) - 1:
                self.save(self.run.best(score), self.history[-1])
        self.run.write_history(self.history)
