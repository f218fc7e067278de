"""The widget that segments a scan that is open in napari."""

from functools import partial

import numpy as np
from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FileEdit,
    FloatSpinBox,
    Label,
    ProgressBar,
    PushButton,
    SpinBox,
    create_widget,
)
from napari.layers import Image
from napari.utils.notifications import show_error, show_info, show_warning

from tomoseg_tf.napari.layers import label_colours, placed
from tomoseg_tf.napari.scan import layer_scan
from tomoseg_tf.napari.segment_process import EXPECTED, one_line
from tomoseg_tf.napari.worker import SegmentWorker
from tomoseg_tf.weights import open_weights, shipped_weights

FOLDER = "a folder"
SLAB, WHOLE = "slices around the one shown", "the whole scan"


class SegmentWidget(Container):
    """Chooses a scan, weights and a part; segments; adds the result as layers.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer, given by napari.
    """

    def __init__(self, napari_viewer):
        self._viewer, self._worker, self._stored = napari_viewer, None, None
        self.scan = create_widget(label="scan", annotation=Image)
        self.weights = ComboBox(label="weights", choices=[*shipped_weights(), FOLDER])
        self.folder = FileEdit(label="folder", mode="d")
        self.about = Label(label=" ")
        self.threshold = FloatSpinBox(label="threshold", min=0.01, max=0.99, step=0.05, value=0.5)
        self.part = ComboBox(label="part", choices=[SLAB, WHOLE])
        self.slices = SpinBox(label="slices", min=1, max=2**16, value=16)
        self.probabilities = CheckBox(text="probabilities, too")
        self.start, self.cancel = PushButton(text="Segment"), PushButton(text="Cancel")
        self.buttons = Container(
            widgets=[self.start, self.cancel], layout="horizontal", labels=False, label=" "
        )
        self.bar = ProgressBar(label=" ", min=0, max=1000)
        super().__init__(
            widgets=[
                *(self.scan, self.weights, self.folder, self.about),
                *(self.threshold, self.part, self.slices),
                *(self.probabilities, self.buttons, self.bar),
            ]
        )
        for widget in (self.weights, self.folder):
            widget.changed.connect(self._describe)
        for widget in (self.weights, self.part):
            widget.changed.connect(self._fit)
        self.start.changed.connect(self._start)
        self.cancel.changed.connect(self._stop)
        self._describe()
        self._fit()

    @property
    def chosen(self):
        """Name or folder of the weights that are chosen."""
        return self.folder.value if self.weights.value == FOLDER else self.weights.value

    def _describe(self):
        """Say what the weights find, and at which voxel size."""
        try:
            config = open_weights(self.chosen).config
        except EXPECTED:
            self.about.value = "choose a weights folder"
            return
        names = ", ".join(config.class_names[1:])
        side = f", voxels of {config.spacing[2]:g} µm" if config.spacing else ""
        self.about.value = f"{config.model}: {names}{side}"
        self.threshold.enabled = config.binary
        if config.binary:
            self.threshold.value = config.threshold
            self._stored = self.threshold.value

    def _fit(self):
        """Show and enable what the choices need."""
        running = self._worker is not None
        self.folder.visible = self.weights.value == FOLDER
        self.slices.visible = self.part.value == SLAB
        self.start.enabled, self.cancel.enabled, self.bar.visible = not running, running, running

    def _start(self):
        """Begin to segment in the background."""
        try:
            self._worker = worker = self._prepare()
        except EXPECTED as error:
            show_error(one_line(error))
            return
        worker.yielded.connect(self._show_progress)
        worker.errored.connect(_show)
        worker.finished.connect(self._finish)
        self.bar.value = 0
        self._fit()
        worker.start()

    def _prepare(self):
        """Bind what is to be done, of the choices as they are now."""
        layer = self.scan.value
        if layer is None:
            raise ValueError("there is no scan; open one first")
        scan, weights = layer_scan(layer), open_weights(self.chosen)
        depth = scan.volume.shape[0]
        slices = (0, depth) if self.part.value == WHOLE else self._slab(layer, depth)
        own = weights.config.binary and self.threshold.value != self._stored
        worker = SegmentWorker(
            scan,
            probabilities=self.probabilities.value,
            weights=f"{weights.folder}",
            threshold=self.threshold.value if own else None,
            slices=slices,
        )
        worker.returned.connect(partial(self._add, scan.volume, weights, slices))
        return worker

    def _slab(self, layer, depth):
        """Slices around the one that is shown."""
        point = layer.world_to_data(self._viewer.dims.point[-layer.ndim :])
        shown = int(np.round(point[0])) if layer.ndim == 3 else 0
        count = min(self.slices.value, depth)
        start = min(max(shown - count // 2, 0), depth - count)
        return start, start + count

    def _stop(self):
        """Ask the thread to end."""
        if self._worker is not None:
            self.cancel.enabled = False
            self._worker.quit()

    def _show_progress(self, pair):
        """Move the bar."""
        done, total = pair
        self.bar.value = int(1000 * done / total) if total else 0

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

    def _finish(self):
        """Make ready for the next one."""
        self._worker = None
        self._fit()


def _shares(classes, names):
    """Share of each class in words."""
    counts = np.bincount(classes.ravel(), minlength=len(names))
    parts = (
        f"{name} {100 * count / classes.size:.3g} %"
        for name, count in zip(names[1:], counts[1:], strict=False)
    )
    return ", ".join(parts)


def _show(error):
    """Show an error that a user can cause in one line; any other with its trace."""
    if not isinstance(error, EXPECTED):
        raise error
    show_error(one_line(error))
