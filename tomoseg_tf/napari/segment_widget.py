"""The widget that segments a scan that is open in napari."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from magicgui.widgets import CheckBox, ComboBox, FloatSpinBox, SpinBox, create_widget
from napari.layers import Image
from napari.utils.notifications import show_info, show_warning

from tomoseg_tf.napari.layers import label_colours, placed
from tomoseg_tf.napari.scan import layer_scan
from tomoseg_tf.napari.task_widget import TaskWidget, WeightsChoice
from tomoseg_tf.napari.worker import ProcessWorker
from tomoseg_tf.volume import open_volume
from tomoseg_tf.weights import open_weights

SLAB, WHOLE = "slices around the one shown", "the whole scan"
PROCESS = "tomoseg_tf.napari.segment_process"


@dataclass(frozen=True)
class Segmented:
    """What a segmentation of a layer gives.

    Attributes
    ----------
    classes : (n, Y, X) ndarray of uint8
        Class of each voxel.
    probabilities : dict from str to (n, Y, X) ndarray of float32
        By the name of the class; empty if not asked for.
    notices : list of str
        What the user should know.
    """

    classes: np.ndarray
    probabilities: dict = field(default_factory=dict)
    notices: list = field(default_factory=list)


class SegmentWidget(TaskWidget):
    """Chooses a scan, weights and a part; segments; adds the result as layers.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer, given by napari.
    """

    def __init__(self, napari_viewer):
        self._stored = None
        self.scan = create_widget(label="scan", annotation=Image)
        self.weights = WeightsChoice()
        self.threshold = FloatSpinBox(label="threshold", min=0.01, max=0.99, step=0.05, value=0.5)
        self.part = ComboBox(label="part", choices=[SLAB, WHOLE])
        self.slices = SpinBox(label="slices", min=1, max=2**16, value=16)
        self.probabilities = CheckBox(text="probabilities, too")
        rows = [self.scan, *self.weights.widgets, self.threshold, self.part, self.slices]
        super().__init__(napari_viewer, [*rows, self.probabilities], "Segment")
        self.weights.connect(self._describe)
        self.part.changed.connect(self._fit)
        self._describe()

    def _describe(self):
        """Show the threshold of the weights."""
        self.weights.describe()
        config = self.weights.config
        self.threshold.enabled = config is not None and config.binary
        if self.threshold.enabled:
            self.threshold.value = config.threshold
            self._stored = self.threshold.value

    def _fit(self):
        """Show and enable what the choices need."""
        super()._fit()
        self.slices.visible = self.part.value == SLAB

    def _prepare(self):
        """Bind what is to be done, of the choices as they are now."""
        layer = self.scan.value
        if layer is None:
            raise ValueError("there is no scan; open one first")
        scan, weights = layer_scan(layer), open_weights(self.weights.chosen)
        depth = scan.volume.shape[0]
        slices = (0, depth) if self.part.value == WHOLE else self._slab(layer, depth)
        own = weights.config.binary and self.threshold.value != self._stored
        probabilities = self.probabilities.value
        asked = {
            "weights": f"{weights.folder}",
            "threshold": self.threshold.value if own else None,
            "slices": slices,
        }

        def complete(folder):
            probable = f"{folder / 'p.tif'}" if probabilities else None
            return {**asked, "classes": f"{folder / 'classes.tif'}", "probabilities": probable}

        worker = ProcessWorker(PROCESS, scan, complete, _read)
        worker.returned.connect(partial(self._add, scan.volume, weights, slices))
        return worker

    def _slab(self, layer, depth):
        """Slices around the one that is shown."""
        point = layer.world_to_data(self._viewer.dims.point[-layer.ndim :])
        shown = int(np.round(point[0])) if layer.ndim == 3 else 0
        count = min(self.slices.value, depth)
        start = min(max(shown - count // 2, 0), depth - count)
        return start, start + count

    def _add(self, volume, weights, slices, found):
        """Add layers of a result."""
        if found is None:
            return
        place = placed(volume.spacing, slices[0])
        whole = slices == (0, volume.shape[0])
        name = weights.name if whole else f"{weights.name}, slices {slices[0]} to {slices[1] - 1}"
        for class_name, array in found.probabilities.items():
            self._viewer.add_image(
                array,
                name=f"p {class_name}",
                colormap="magma",
                blending="additive",
                contrast_limits=(0, 1),
                visible=False,
                **place,
            )
        entries = weights.config.classes
        colours = label_colours(found.classes.dtype, [entry.colour for entry in entries])
        self._viewer.add_labels(found.classes, name=name, **place, **colours)
        for notice in found.notices:
            show_warning(notice)
        show_info(f"{name}: {_shares(found.classes, weights.config.class_names)}")


def _read(answer):
    """Read the files that the answer names: Segmented."""
    arrays = {name: _load(path) for name, path in answer["probabilities"].items()}
    return Segmented(_load(answer["classes"]), arrays, answer["notices"])


def _load(path):
    """Read a volume as a whole."""
    volume = open_volume(path)
    return volume.read(0, volume.shape[0])


def _shares(classes, names):
    """Share of each class in words."""
    counts = np.bincount(classes.ravel(), minlength=len(names))
    parts = (
        f"{name} {100 * count / classes.size:.3g} %"
        for name, count in zip(names[1:], counts[1:], strict=False)
    )
    return ", ".join(parts)
