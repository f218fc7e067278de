"""How much of its time a training waits for batches."""

import time

import numpy as np

from tomoseg_tf.backend import load_keras, load_tensorflow

keras = load_keras()

SHARE, SECONDS = 0.1, 10.0  # of the time, and in all, from which on waiting is worth a notice


class Waiting(keras.callbacks.Callback):
    """Measure the share of the steps' time in which no batch was there to work on.

    A step asks for its batch when the one before it has ended, its results included, so that
    meanwhile the device has nothing to do. The first step, in which the graph is made, and
    validation are left out. Where several devices share a batch, batches are kept ready for each,
    and less may be measured.

    Attributes
    ----------
    waited, total : float
        Seconds of waiting, and of all steps.
    """

    def __init__(self):
        super().__init__()
        self.waited = self.total = 0.0
        self._asked, self._arrived = None, None

    def watch(self, batches):
        """Note when each batch of a dataset is handed over.

        Parameters
        ----------
        batches : tf.data.Dataset
            Batches (image, truth).

        Returns
        -------
        tf.data.Dataset
            The same batches.
        """
        tf = load_tensorflow()
        self._arrived = None  # the next step is a first one

        def note():
            self._arrived = time.monotonic()
            return np.True_

        def passed_on(*batch):
            with tf.control_dependencies([tf.numpy_function(note, [], tf.bool)]):
                return tuple(tf.identity(part) for part in batch)

        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False  # it would note them too early
        return batches.map(passed_on).with_options(options)

    def on_epoch_begin(self, epoch, logs=None):
        """Leave the time between two epochs out."""
        self._asked = None if self._arrived is None else time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        """Add a step, once its loss is known."""
        now = time.monotonic()
        if self._asked is not None:
            self.total += now - self._asked
            self.waited += max(0.0, self._arrived - self._asked)
        self._asked = now

    @property
    def share(self):
        """Share of the time from 0 to 1; None before there are two steps."""
        return self.waited / self.total if self.total else None

    def notice(self):
        """Say how long was waited, if that is worth it.

        Returns
        -------
        str or None
            One line; None for less than a tenth of the time or 10 s.
        """
        if self.waited < SECONDS or self.share < SHARE:
            return None
        return (
            f"training waited for its batches for {self.waited:.0f} s, {self.share:.0%} of the "
            "time; more processor cores or fewer augmentations would make it faster"
        )
