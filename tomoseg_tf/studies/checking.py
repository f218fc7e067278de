"""Whether networks can be trained on records, told before any is: they are built to find out.

Where there are GPUs a process that sees none of them does it: a network that is built here would
take their memory from the processes that train.
"""

import json
import subprocess
import sys

from tomoseg_tf.records import open_records
from tomoseg_tf.studies.child_process import (
    child_environment,
    one_line,
    open_messages,
    visible_gpus,
    why_ended,
)
from tomoseg_tf.training import check_recipe
from tomoseg_tf.training.fit import check_training


def check_trainings(cases):
    """Check that networks can be trained, before anything is.

    Parameters
    ----------
    cases : sequence of (str, sequence of Recipe, str or Path)
        What an error calls the training, the recipes of which at least one must suit the records,
        and these.

    Raises
    ------
    ValueError
        If no recipe of a case does; says why the last of them does not.
    """
    if cases and visible_gpus():
        _check_in_child(cases)
    else:
        _check(cases)


def _check(cases):
    for name, recipes, folder in cases:
        reasons = []
        records = open_records(folder, verify=False)
        suits = any(_suits(recipe, records, reasons) for recipe in recipes)
        if reasons and not suits:
            raise ValueError(f"{name}: {reasons[-1]}")


def _suits(recipe, records, reasons):
    """Tell whether a recipe suits the records; add to the reasons why it does not."""
    try:
        check_training(recipe, records)
    except ValueError as error:
        reasons.append(one_line(error))
        return False
    return True


def _check_in_child(cases):
    plain = [
        (name, [recipe.to_dict() for recipe in recipes], str(folder))
        for name, recipes, folder in cases
    ]
    ended = subprocess.run(
        [sys.executable, "-P", "-m", __name__],
        input=json.dumps(plain),
        capture_output=True,
        env=child_environment() | {"CUDA_VISIBLE_DEVICES": ""},
        text=True,
        encoding="utf-8",
        check=False,
    )
    if ended.returncode:
        raise ValueError(why_ended(ended.returncode, ended.stderr))
    if ended.stdout:
        raise ValueError(json.loads(ended.stdout)["error"])


def main():
    """Be the child: check the cases that the standard input names."""
    say = open_messages()
    cases = [
        (name, [check_recipe(recipe) for recipe in recipes], folder)
        for name, recipes, folder in json.load(sys.stdin)
    ]
    try:
        _check(cases)
    except ValueError as error:
        say(error=str(error))


if __name__ == "__main__":
    main()
