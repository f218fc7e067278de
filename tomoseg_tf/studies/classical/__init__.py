"""Classical segmentation, to measure the networks against.

One interface for all::

    baseline = fit("random_forest", patches, num_classes, seed=0)
    segmentation = baseline.predict(grey)

``patches`` gives pairs of normalised grey levels, (Z, Y, X) float32, and truth, (Z, Y, X) uint8
with 255 for voxels that have no part. They are gone through once, so that a generator does, and
only samples of them are kept. `BASELINES` names the methods, with a line on each:

- ``otsu``, ``kmeans`` and ``em_mpm`` are fitted on the grey levels alone; only afterwards is each
  grey class given the class of the truth that it stands for.
- ``svm`` and ``random_forest`` learn the classes from local features of the grey levels.

All are deterministic by their seed, run on one core and are fitted in seconds to two minutes; a
fitted one is not stored, since fitting it again with the same seed gives the same.
"""

from tomoseg_tf.studies.classical.baseline import BASELINES, Baseline, fit

__all__ = ["BASELINES", "Baseline", "fit"]
