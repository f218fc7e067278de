"""The widget that finds the slices weights are least sure of, and merges what was mended."""

from functools import partial
from pathlib import Path

from magicgui.widgets import FileEdit, LineEdit, PushButton, SpinBox, create_widget
from napari.layers import Image
from napari.utils.notifications import show_error, show_info, show_warning

from tomoseg_tf.napari.correction import correction_layers, merge_layer
from tomoseg_tf.napari.process import EXPECTED, one_line
from tomoseg_tf.napari.scan import layer_scan
from tomoseg_tf.napari.task_widget import TaskWidget, WeightsChoice
from tomoseg_tf.napari.worker import ProcessWorker
from tomoseg_tf.weights import open_weights

PROCESS = "tomoseg_tf.napari.correct_process"


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
        self.pages = LineEdit(label="pages", value="all", tooltip="those that you mended: 1,3")
        self.merged = FileEdit(label="new truth", mode="w", value="mended.tif")
        self.merge = PushButton(text="Save and merge")
        rows = [self.scan, self.truth, *self.weights.widgets, self.count, self.folder]
        further = [self.pages, self.merged, self.merge]
        super().__init__(napari_viewer, rows, "Find slices", further)
        self.weights.connect(self.weights.describe)
        self.merge.changed.connect(self._merge)
        self.weights.describe()

    @property
    def _truth(self):
        """File of the truth; None if nothing is labelled yet."""
        chosen = self.truth.value
        return None if chosen is None or chosen == Path() else f"{chosen}"

    def _prepare(self):
        """Bind what is to be done, of the choices as they are now."""
        layer = self.scan.value
        if layer is None:
            raise ValueError("there is no scan; open one first")
        folder = self.folder.value.absolute()
        asked = {
            "truth": self._truth,
            "weights": f"{open_weights(self.weights.chosen).folder}",
            "count": self.count.value,
            "folder": f"{folder}",
        }
        worker = ProcessWorker(PROCESS, layer_scan(layer), lambda _: asked, dict)
        worker.returned.connect(partial(self._open, layer, folder))
        return worker

    def _open(self, whole, folder, found):
        """Add the slices as layers in place of the whole scan, the labels ready to be drawn on."""
        if found is None:
            return
        whole.visible = False
        (scan, shown, _), (labels, drawn, _) = correction_layers(folder)
        self._viewer.add_image(scan, **shown)
        layer = self._viewer.add_labels(labels, **drawn)
        self._viewer.layers.selection.active = layer
        self._viewer.dims.set_point(0, 0)
        layer.mode, layer.selected_label = "paint", 1
        for notice in found["notices"]:
            show_warning(notice)
        named = ", ".join(map(str, found["slices"]))
        show_info(f"pages 1 to {len(found['slices'])} are the slices {named}")

    def _merge(self):
        """Save the labels and write the truth with them."""
        try:
            folder, merged = self.folder.value.absolute(), self.merged.value.absolute()
            summary = merge_layer(
                self._viewer.layers, folder, self._truth, merged, pages=self.pages.value
            )
        except EXPECTED as error:
            show_error(one_line(error))
            return
        named = ", ".join(map(str, summary["slices"]))
        show_info(
            f"{merged}: slices {named} merged, {summary['changed_voxels']:,} voxels differ from "
            "the truth before"
        )
