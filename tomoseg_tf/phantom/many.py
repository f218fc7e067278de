"""Folders of simulated scans, each with its truth under the same name."""

import json
from dataclasses import replace

from tomoseg_tf.phantom.inclusions import Inclusions
from tomoseg_tf.phantom.simulate import simulate_scan
from tomoseg_tf.volume import staged_folder

SCANS, TRUTH, DRAWN = "scans", "truth", "scans.json"
CONTENTS = DRAWN, f"{SCANS}/[0-9][0-9][0-9].tif", f"{TRUTH}/[0-9][0-9][0-9].tif"
MOST = 1000  # scans of one seed


def simulate_inclusions(
    folder,
    kind,
    *,
    shape,
    count=1,
    seed=0,
    randomise=False,
    dark=False,
    edge_enhanced=False,
    overwrite=False,
    progress=None,
):
    """Write scans of precipitates or of pores, each with its truth.

    Parameters
    ----------
    folder : str or Path
        Folder to write: ``scans/000.tif``, ... with grey levels, ``truth/000.tif``, ... with
        classes, and ``scans.json`` with what each scan has drawn.
    kind : {"precipitates", "pores"}
        What the objects are.
    shape : tuple of int
        Sides (Z, Y, X) of each scan in voxels.
    count : int
        How many scans, up to 1000.
    seed : int
        Seed; scan i is `Inclusions` of the seed 1000 `seed` + i.
    randomise : bool
        Whether each scan draws its own physics and population.
    dark : bool
        Whether scans that would have bright objects are inverted, so that all are dark.
    edge_enhanced : bool
        Whether objects show by fringes at their edges, as in phase contrast without phase
        retrieval.
    overwrite : bool
        Replace an existing folder of such scans, in which nothing else lies.
    progress : callable, optional
        Called as ``progress(done, total)`` in scans.

    Returns
    -------
    dict
        ``kind``, ``seed``, ``randomise``, ``dark``, ``edge_enhanced`` and ``scans``: of each the
        names of its files and `Inclusions.summary`.

    Raises
    ------
    ValueError
        If the folder exists or holds other files, or a setting is not possible.
    """
    if not 1 <= count <= MOST:
        raise ValueError(f"{count} scans: must be 1 to {MOST}")
    scans = []
    taken = {"randomise": randomise, "dark": dark, "edge_enhanced": edge_enhanced}
    summary = {"kind": kind, "seed": seed, **taken, "scans": scans}
    first = Inclusions(tuple(shape), MOST * seed, kind, **taken)  # may refuse
    with staged_folder(folder, overwrite=overwrite, marker=DRAWN, contents=CONTENTS) as partial:
        for name in (SCANS, TRUTH):
            (partial / name).mkdir()
        for number in range(count):
            scan = replace(first, seed=first.seed + number)
            files = {part: f"{part}/{number:03}.tif" for part in (SCANS, TRUTH)}
            drawn = simulate_scan(scan, *(partial / name for name in files.values()))
            scans.append({"scan": files[SCANS], "truth": files[TRUTH], **drawn})
            if progress:
                progress(number + 1, count)
        text = json.dumps(summary, indent=1)
        (partial / DRAWN).write_text(text + "\n", encoding="utf-8")
    return summary
