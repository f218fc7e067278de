"""What a comparison of objects comes to, for JSON and for print."""

from dataclasses import asdict

import numpy as np

from tomoseg_tf.evaluation.detection.scores import (
    chosen_objects,
    detection_scores,
    merged_and_split,
    pair_bias,
)
from tomoseg_tf.evaluation.detection.table_1 import table_1


def summarise_detection(detection):
    """Sum up a comparison of objects.

    Parameters
    ----------
    detection : Detection
        As `detect_objects` gives it.

    Returns
    -------
    dict
        Scores over all classes above 0, ``merged``, ``split``, ``left_out``, ``bias``,
        ``by_radius`` and `table_1`; the same by class in ``classes``, background first; and the
        settings. None for what is not defined.
    """
    classes = [side.columns["class"] for side in detection.pair.sides]
    highest = max([1, *(int(one.max()) for one in classes if len(one))])
    total = _summary(detection, None)
    each = [{"class": index, **_summary(detection, index)} for index in range(1, highest + 1)]
    return {
        **total,
        "table_1": table_1(detection),
        "classes": [{"class": 0, **dict.fromkeys(total)}, *each],
        "overlap": detection.overlap,
        "overlap_of": detection.overlap_of,
        "min_voxels": detection.min_voxels,
        "keep_border": detection.keep_border,
        "connectivity": detection.pair.truth.objects.connectivity,
    }


def _summary(detection, index):
    """Scores, bias and scores by radius of one class."""
    merged, split = merged_and_split(detection, object_class=index)
    left_out = {
        name: int((chosen_objects(side.columns, index, None) & ~counted).sum())
        for name, side, counted in zip(
            ("truth", "segmentation"), detection.pair.sides, detection.counted, strict=True
        )
    }
    ranges = zip((0.0, *detection.edges), (*detection.edges, None), strict=True)
    by_radius = [
        {
            "low": low,
            "high": high,
            **asdict(detection_scores(detection, object_class=index, radii=(low, high or np.inf))),
        }
        for low, high in ranges
    ]
    biases = pair_bias(detection, object_class=index)
    return {
        **asdict(detection_scores(detection, object_class=index)),
        "merged": merged,
        "split": split,
        "left_out": left_out,
        "bias": {name: asdict(one) for name, one in biases.items()},
        "by_radius": by_radius,
    }
