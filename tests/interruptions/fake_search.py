"""A search whose epochs take a moment and no network, for kills: ``fake_search.py FOLDER TRIALS``.

Without arguments it is the process of one trial.
"""

import json
import os
import sys
import time
import types
from pathlib import Path

import tomoseg_tf

# The package of the studies loads Keras, which this search has no use for.
package = types.ModuleType("tomoseg_tf.studies")
package.__path__ = [str(Path(tomoseg_tf.__file__).parent / "studies")]
sys.modules[package.__name__] = package

EPOCHS, SECONDS = 6, 0.03
SEARCH = {
    "space": {"rate": {"log_range": [1e-4, 1e-1]}, "epochs": [EPOCHS - 2, EPOCHS]},
    "min_epochs": 2,
    "reduction_factor": 2,
    "sampler": "tpe",
    "startup_trials": 3,
    "seed": 0,
}


def score(rate, epoch):
    return 1 - abs(rate - 0.01) - 1 / (epoch + 1)


def train(job, tell, notify):
    """Keep the epochs as a run does: the whole history in one step, after each of them."""
    path = Path(job["folder"], "history.csv")
    path.parent.mkdir(exist_ok=True, parents=True)
    done = len(path.read_text().splitlines()) if path.exists() else 0
    if done:
        notify(f"going on after epoch {done} of {job['epochs']}")
    values = [score(job["rate"], epoch) for epoch in range(1, job["epochs"] + 1)]
    for epoch, value in enumerate(values, 1):
        if epoch > done:
            time.sleep(SECONDS)
            partial = path.with_suffix(".partial")
            partial.write_text("".join(f"{each}\n" for each in values[:epoch]))
            os.replace(partial, path)
        facts = {"epochs": job["epochs"], "score": "dice", "seconds": SECONDS}
        last = epoch == job["epochs"]
        if tell(epoch=epoch, value=value, last=last, fresh=epoch > done, **facts):
            return {"state": "pruned"}
    return {"state": "complete", "value": max(values)}


def search(folder, trials):
    from tomoseg_tf.studies.search.book import Book
    from tomoseg_tf.studies.search.claims import Claims
    from tomoseg_tf.studies.search.loop import run_trials
    from tomoseg_tf.studies.search.process import Trainer
    from tomoseg_tf.studies.search.storage import open_storage

    def say(text):
        print(text, file=sys.stderr, flush=True)

    folder.mkdir(exist_ok=True)
    settings = {**SEARCH, "trials": trials}
    book = Book(open_storage(None, folder), "fake", Claims(folder / ".claims"), settings)

    def job(trial):
        return {**trial.settings, "folder": str(folder / "trials" / f"{trial.number:04d}")}

    trainer = Trainer(job, notify=say, module=Path(__file__).stem)
    run_trials(book, trainer, stop=trainer.stop, notify=say)
    rows = [
        (trial.number, trial.state.name, trial.params, trial.intermediate_values)
        for trial in book.trials()
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        search(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        from tomoseg_tf.studies.search.child import answer

        answer(train)
