"""What one entry of a comparison gave, and how its segmentations were made."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One entry of a comparison; what does not apply or is not known is None.

    Attributes
    ----------
    label, kind : str
        Its name, and what it is, see `tomoseg_tf.studies.compare.entries.Entry`.
    network : str or None
        Name of the builder or of the classical method.
    batch, epochs, best_epoch : int or None
        Batch size, epochs trained, and the epoch that was scored.
    loss : str or None
        Name of the loss.
    training_seconds : float or None
        Over all epochs, validation included; of a classical method for fitting it; of an ensemble
        that of all members.
    seconds_per_slice : float or None
        To predict a slice of the scored patches, normalised already, by a network that is
        compiled: the median over them.
    slice : (int, int)
        Sides (Y, X) of such a slice in voxels.
    device : str or None
        What it ran on.
    parameters : int or None
        Of the network, trainable or not.
    training_bytes, prediction_bytes : int or None
        Peak memory of the process.
    weights : str or None
        Folder of the weights that were scored.
    scores : dict
        As `tomoseg_tf.evaluation.Scores.to_dict` gives them.
    boundaries : dict or None
        As `tomoseg_tf.evaluation.boundary.BoundaryMeans.to_dict` gives them.
    trained_by : str or None
        Recipe of what was trained here, and the settings that were replaced in it.
    turns : str
        Flips and quarter turns that a network was averaged over.
    epoch : str or None
        Which of its epochs was scored, "best" or "last"; "mixed" for an ensemble of both.
    voted : bool
        Whether each object was given the class of most of its voxels.
    members : list of str or None
        Labels of what an ensemble is the mean of.
    """

    label: str
    kind: str
    slice: tuple
    scores: dict
    network: str | None = None
    batch: int | None = None
    epochs: int | None = None
    best_epoch: int | None = None
    loss: str | None = None
    training_seconds: float | None = None
    seconds_per_slice: float | None = None
    device: str | None = None
    parameters: int | None = None
    training_bytes: int | None = None
    prediction_bytes: int | None = None
    weights: str | None = None
    boundaries: dict | None = None
    trained_by: str | None = None
    turns: str = "none"
    epoch: str | None = None
    voted: bool = False
    members: list | None = None

    @property
    def miou(self):
        """Mean IoU over the classes, or None."""
        return self.scores["miou"]

    def of_classes(self, score):
        """Give a score of each class, None where it is not defined."""
        return [entry[score] for entry in self.scores["classes"]]

    def of_boundaries(self, score):
        """Give a boundary score of each class, None where it is not defined or not taken."""
        if self.boundaries is None:
            return [None] * len(self.scores["classes"])
        return [entry[score] for entry in self.boundaries["classes"]]


def say_made_by(results):
    """Say how segmentations were made, and which of them.

    Parameters
    ----------
    results : sequence of Result
        Of one comparison, or of several with the same entries.

    Returns
    -------
    list of str
        Sentences; where they hold in some comparisons only, with the number of these.
    """
    total, found = Counter(result.label for result in results), {}
    for result in results:
        for how in _made_by(result):
            found.setdefault(how, Counter())[result.label] += 1
    lines = []
    for how, counts in found.items():
        which = (
            label if number == total[label] else f"{label} ({number} of {total[label]})"
            for label, number in counts.items()
        )
        lines.append(f"{how}: {', '.join(which)}.")
    return lines


def _made_by(result):
    """Say how a segmentation was made, in several phrases."""
    if result.trained_by is not None:
        yield f"Trained by {result.trained_by}"
    if result.epoch == "last":
        yield "Weights of the last epoch"
    if result.epoch == "mixed":
        yield "Weights of the best epoch of some members and of the last of others"
    if result.turns != "none":
        yield f"Mean over all turns ({result.turns}), prediction times included"
    if result.voted:
        yield "Each object in the class of most of its voxels"
