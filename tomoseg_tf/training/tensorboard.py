"""Event files for TensorBoard, written without TensorBoard itself."""

import math

from tomoseg_tf.backend import load_tensorflow


class EventLog:
    """The scores of each epoch as TensorBoard scalars.

    As a context manager it closes its file at the end.

    Parameters
    ----------
    folder : Path
        Where the event files go; ``tensorboard --logdir`` shows it.
    """

    def __init__(self, folder):
        self.tensorflow = load_tensorflow()
        self.writer = self.tensorflow.summary.create_file_writer(str(folder))

    def write(self, row):
        """Write a row of the history; scores that are NaN are left out.

        Parameters
        ----------
        row : dict
            Numbers by name; ``epoch`` is the step.
        """
        summary = self.tensorflow.summary
        metadata = self.tensorflow.compat.v1.SummaryMetadata()
        metadata.plugin_data.plugin_name = "scalars"
        metadata.data_class = 1  # DATA_CLASS_SCALAR
        with self.writer.as_default():
            for name, value in row.items():
                if name != "epoch" and math.isfinite(value):
                    value = self.tensorflow.constant(value, dtype="float32")
                    summary.write(name, value, step=row["epoch"], metadata=metadata)
        self.writer.flush()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.writer.close()
