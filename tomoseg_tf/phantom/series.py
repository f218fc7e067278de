"""Series of simulated scans, taken while dendrites or particles grow, written to files."""

import json

from tomoseg_tf.phantom.rough import write_rough_labels
from tomoseg_tf.phantom.simulate import check_outputs, simulate_scan
from tomoseg_tf.volume import add_to_name, check_output, open_volume, staged_folder

MARKER = "truth.json"
CONTENTS = MARKER, "scan_[0-9][0-9].tif", "segmentation_[0-9][0-9].tif"


def simulate_dendrites(scans, *, steps, volume, truth, rough=None, overwrite=False, progress=None):
    """Write scans of growing dendrites with their truth.

    Parameters
    ----------
    scans : Dendrites
        The last of the scans.
    steps : int
        Number of scans, between which equal volumes freeze.
    volume, truth : path
        Files or folders to write: grey levels, and classes (1 in dendrites). Of several scans
        each gets its number before the suffix: ``scan_00.tif``, ``scan_01.tif``, ...
    rough : path, optional
        Where cheap labels go, too: see `tomoseg_tf.phantom.rough.write_rough_labels`.
    overwrite : bool
        Replace existing outputs.
    progress : callable, optional
        Called as ``progress(done, total)``; growth and writing count alike.

    Returns
    -------
    dict
        ``shape``, ``seed``, ``spacing`` in µm, and ``scans``: for each its ``volume``, ``truth``
        and, if made, ``rough``, and the ``fraction`` of the voxels in dendrites.

    Raises
    ------
    ValueError
        If an output exists, or the dendrites do not grow to their fraction.
    """
    names = {"volume": volume, "truth": truth} | ({"rough": rough} if rough else {})
    outputs = [_numbered(names, frame, steps) for frame in range(steps)]
    check_outputs([path for paths in outputs for path in paths.values()], overwrite)
    meter = _Meter(progress, steps * scans.shape[0], scans.fraction)
    written = []
    growing = scans.series(steps, progress=meter.grown)
    for scan, paths in zip(growing, outputs, strict=True):
        summary = _write(scan, paths, overwrite, meter)
        files = {kind: str(path) for kind, path in paths.items()}
        written.append(files | {"fraction": summary["fraction"]})
    return {key: summary[key] for key in ("shape", "seed", "spacing")} | {"scans": written}


def simulate_growth(series, folder, *, overwrite=False, progress=None):
    """Write scans of growing particles with their truth, and what happens in them.

    Parameters
    ----------
    series : ParticleSeries
        The scans.
    folder : path
        Folder to write: ``scan_00.tif``, ``scan_01.tif``, ... with grey levels,
        ``segmentation_00.tif``, ... with classes (1 in particles), and ``truth.json`` with the
        events of each step and the particles.
    overwrite : bool
        Replace an existing folder of a growth series, in which nothing else lies.
    progress : callable, optional
        Called as ``progress(done, total)`` in scans.

    Returns
    -------
    dict
        ``shape``, ``seed``, ``spacing`` in µm, ``shift`` and ``rotation`` by step, ``particles``
        drawn, and ``steps``: for each its files and `ParticleSeries.events`.

    Raises
    ------
    ValueError
        If the output exists, or holds other files.
    """
    steps = []
    with staged_folder(folder, overwrite=overwrite, marker=MARKER, contents=CONTENTS) as partial:
        for step in range(series.steps):
            names = {kind: f"{kind}_{step:02}.tif" for kind in ("scan", "segmentation")}
            paths = (partial / name for name in names.values())
            found = simulate_scan(series.scan(step), *paths)
            if progress:
                progress(step + 1, series.steps)
            steps.append({"step": step, **names, **series.events()[step]})
        summary = {key: found[key] for key in ("shape", "seed", "spacing")}
        summary |= {"shift": list(series.shift), "rotation": series.rotation}
        summary |= {"particles": len(series.particles["kind"]), "steps": steps}
        balls = {name: column.tolist() for name, column in series.particles.items()}
        text = json.dumps(summary | {"balls": balls}, indent=1)
        (partial / MARKER).write_text(text + "\n", encoding="utf-8")
    return summary


def _numbered(names, frame, steps):
    """Names of the files of one scan of several; of a single one the names as they are."""
    if steps == 1:
        return names
    digits = max(2, len(str(steps - 1)))
    return {kind: add_to_name(path, f"_{frame:0{digits}}") for kind, path in names.items()}


def _write(scan, paths, overwrite, meter):
    """Write the files of one scan; return its summary."""
    summary = simulate_scan(
        scan, paths["volume"], paths["truth"], overwrite=overwrite, progress=meter.written
    )
    if "rough" in paths:
        write_rough_labels(_reopened(paths["volume"], scan), paths["rough"], overwrite=overwrite)
    meter.slices += scan.shape[0]
    return summary


def _reopened(path, scan):
    """Open a scan that was just written; some formats state neither shape nor type."""
    bare = check_output(path, overwrite=True).bare
    stated = {"shape": scan.shape, "dtype": scan.dtype} if bare else {}
    return open_volume(path, spacing=scan.spacing, **stated)


class _Meter:
    """Progress of growth, which is counted as so many slices, and of writing that many."""

    def __init__(self, progress, half, fraction):
        self.progress, self.half, self.fraction = progress, half, fraction
        self.share, self.slices = 0.0, 0

    def grown(self, solid):
        """Tell what share of the cells is solid."""
        self.share = min(1.0, solid / self.fraction)
        self.written(0)

    def written(self, done, total=None):
        """Tell how many slices of the scan at hand are written."""
        if self.progress:
            self.progress(round(self.share * self.half) + self.slices + done, 2 * self.half)
