"""The widget that finds the slices weights are least sure of, and merges what was mended."""

from functools import partial
from pathlib import Path

from magicgui.widgets import FileEdit, LineEdit, PushButton, SpinBox, create_widget
from napari.layers import Image
from napari.utils.notifications import show_info, show_warning

from tomoseg_tf.napari.correction import correction_layers, save_labels
from tomoseg_tf.napari.scan import layer_scan
from tomoseg_tf.napari.task_widget import TaskWidget, WeightsChoice
from tomoseg_tf.napari.worker import CallWorker, ProcessWorker
from tomoseg_tf.studies.correction import merge_slices
from tomoseg_tf.volume import parse_slices
from tomoseg_tf.weights import open_weights

PROCESS = "tomoseg_tf.napari.correct_process"
ALL = "all"


class CorrectWidget(TaskWidget):
    """Chooses a scan, a truth and weights; opens the worst slices to be drawn on; merges them.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer, given by napari.
    """

    def __init__(self, napari_viewer):
        self.scan = create_widget(label="scan", annotation=Image)
        hint = "leave it empty if nothing is labelled yet"
        self.truth = FileEdit(label="truth so far", nullable=True, value=None, tooltip=hint)
        self.weights = WeightsChoice()
        self.count = SpinBox(label="slices", min=1, max=1000, value=5)
        self.folder = FileEdit(label="mend in", mode="w", value="mend")
        hint = "slices of the scan that you mended, such as 12,40"
        self.mended = LineEdit(label="mended", value=ALL, tooltip=hint)
        self.merged = FileEdit(label="new truth", mode="w", value="mended.tif")
        self.merge = PushButton(text="Save and merge")
        rows = [self.scan, self.truth, *self.weights.widgets, self.count, self.folder]
        super().__init__(napari_viewer, rows, "Find slices", [self.mended, self.merged, self.merge])
        self.weights.connect(self.weights.describe)
        self.merge.changed.connect(lambda: self._run(self._prepare_merge))
        self.weights.describe()

    def _fit(self):
        """Show and enable what the state needs."""
        super()._fit()
        self.merge.enabled = self._worker is None

    @property
    def _truth(self):
        """File of the truth; None if nothing is labelled yet."""
        chosen = self.truth.value
        return None if chosen is None or chosen == Path() else f"{chosen}"

    def _prepare(self):
        """Bind the search for slices, of the choices as they are now."""
        if self.scan.value is None:
            raise ValueError("there is no scan; open one first")
        folder = self.folder.value.absolute()
        if folder.exists():
            raise ValueError(f"{folder}: exists; choose another folder, or open it to go on")
        asked = {
            "truth": self._truth,
            "weights": f"{open_weights(self.weights.chosen).folder}",
            "count": self.count.value,
            "folder": f"{folder}",
        }
        worker = ProcessWorker(PROCESS, layer_scan(self.scan.value), lambda _: asked, dict)
        worker.returned.connect(partial(self._open, folder))
        return worker

    def _open(self, folder, found):
        """Show the slices in place of all else, the labels ready to be drawn on."""
        if found is None:
            return
        for layer in self._viewer.layers:
            layer.visible = False  # its slices are others
        (scan, shown, _), (labels, drawn, _) = correction_layers(folder)
        self._viewer.add_image(scan, **shown)
        layer = self._viewer.add_labels(labels, **drawn)
        self._viewer.layers.selection.active = layer
        self._viewer.dims.set_point(0, 0)
        layer.mode, layer.selected_label = "paint", 1
        for notice in found["notices"]:
            show_warning(notice)
        named = ", ".join(map(str, found["slices"]))
        show_info(f"slider 0 to {len(found['slices']) - 1}: slices {named}")

    def _prepare_merge(self):
        """Save the labels, and bind what writes the truth with them."""
        folder, merged = self.folder.value.absolute(), self.merged.value.absolute()
        text = self.mended.value.strip()
        slices = None if text == ALL else parse_slices(text)
        save_labels(self._viewer.layers, folder)
        if merged.exists():
            raise ValueError(f"the labels are saved; {merged} exists: choose another new truth")
        merge = partial(merge_slices, folder, self._truth, merged, slices=slices)
        worker = CallWorker(lambda progress: merge(progress=progress))
        worker.returned.connect(partial(self._tell, merged))
        return worker

    def _tell(self, merged, summary):
        """Say what was merged; the next round begins with it."""
        if summary is None:
            return
        self.truth.value = merged
        for notice in summary["notices"]:
            show_warning(notice)
        named = ", ".join(map(str, summary["slices"]))
        show_info(
            f"{merged}: slices {named} merged, {summary['changed_voxels']:,} voxels differ from "
            "the truth before"
        )
