"""What the weights of a run say about themselves, beside the arrays."""

import math
from pathlib import Path

from tomoseg_tf.training.run import versions
from tomoseg_tf.volume import Statistics
from tomoseg_tf.weights import WeightsConfig, class_entries
from tomoseg_tf.weights.fingerprint import name_some


def weights_config(recipe, arguments, records, row, *, fingerprint=None):
    """Describe the weights of an epoch, for their folder.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    arguments : dict
        Keyword arguments of the builder.
    records : Records
        The opened records.
    row : dict
        Scores of the epoch.
    fingerprint : Fingerprint, optional
        Of the training scans, see `tomoseg_tf.training.fingerprint`.

    Returns
    -------
    WeightsConfig
        All that prediction must know, and the scores on the validation split.
    """
    scores = {name: value for name, value in row.items() if name.startswith("val_")}
    scores = {name: None if math.isnan(value) else value for name, value in scores.items()}
    sources = [source for source in records.sources if _is_for_training(source)]
    names = name_some([Path(source.volume).name for source in sources])
    patches = len(records.seen_patches("training", recipe.normalisation.outside))
    size = " × ".join(str(side) for side in records.patch)
    return WeightsConfig(
        model=recipe.model.name,
        arguments=arguments,
        normalisation=recipe.normalisation,
        filters=records.manifest.filters,
        classes=class_entries(records.classes),
        spacing=records.spacing,
        intensity=pooled_statistics(
            [source.seen(recipe.normalisation.outside) for source in sources]
        ),
        fingerprint=fingerprint,
        recipe=recipe.to_dict(),
        data=f"{patches} patches of {size} voxels from {names}",
        seed=recipe.seed,
        versions=versions(),
        scores=({"data": "validation", "epoch": row["epoch"], **scores},),
    )


def _is_for_training(source):
    return any(block.split == "training" for block in source.blocks)


def pooled_statistics(parts):
    """Pool the statistics of several volumes.

    Parameters
    ----------
    parts : sequence of Statistics
        One for each volume; at least one.

    Returns
    -------
    Statistics
        Extremes, mean and standard deviation of all voxels together. The
        percentiles are means over the volumes, weighted by their voxels.
    """
    if len(parts) == 1:
        return parts[0]
    voxels = sum(part.voxels for part in parts)
    mean = sum(part.voxels * part.mean for part in parts) / voxels
    variance = sum(p.voxels * (p.std**2 + (p.mean - mean) ** 2) for p in parts) / voxels
    percentiles = {
        percent: sum(part.voxels * part.percentiles[percent] for part in parts) / voxels
        for percent in parts[0].percentiles
    }
    return Statistics(
        voxels=voxels,
        minimum=min(part.minimum for part in parts),
        maximum=max(part.maximum for part in parts),
        mean=mean,
        std=math.sqrt(variance),
        percentiles=percentiles,
    )
