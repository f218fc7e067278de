"""What the widgets share: weights to choose, a button that starts, a bar, and one that ends."""

from magicgui.widgets import ComboBox, Container, FileEdit, Label, ProgressBar, PushButton
from napari.utils.notifications import show_error

from tomoseg_tf.napari.process import EXPECTED
from tomoseg_tf.studies.child_process import one_line
from tomoseg_tf.weights import open_weights, shipped_weights

FOLDER = "a folder"


class WeightsChoice:
    """Rows of a form that choose weights: shipped ones, or a folder.

    Attributes
    ----------
    widgets : list
        The rows.
    config : WeightsConfig or None
        Of the weights that are chosen; None if they cannot be opened.
    """

    def __init__(self):
        self.name = ComboBox(label="weights", choices=[*shipped_weights(), FOLDER])
        self.folder = FileEdit(label="folder", mode="d")
        self.about = Label(label=" ")
        self.widgets = [self.name, self.folder, self.about]
        self.config = None

    @property
    def chosen(self):
        """Name or folder of the weights that are chosen."""
        return self.folder.value if self.name.value == FOLDER else self.name.value

    def connect(self, changed):
        """Call a function after every change."""
        for widget in (self.name, self.folder):
            widget.changed.connect(changed)

    def describe(self):
        """Say what the weights find, and at which voxel size."""
        self.folder.visible = self.name.value == FOLDER
        try:
            self.config = config = open_weights(self.chosen).config
        except EXPECTED:
            self.config, self.about.value = None, "choose a weights folder"
            return
        names = ", ".join(config.class_names[1:])
        side = f", voxels of {config.spacing[2]:g} µm" if config.spacing else ""
        self.about.value = f"{config.model}: {names}{side}"


class TaskWidget(Container):
    """A form whose button starts work in the background, of which a bar tells.

    A subclass has ``_prepare()``, which makes the worker of what is chosen or raises a ValueError.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    rows : list
        Widgets of the form.
    start : str
        Text of the button.
    further : list, optional
        Widgets below the bar.
    """

    def __init__(self, viewer, rows, start, further=()):
        self._viewer, self._worker = viewer, None
        self.start, self.cancel = PushButton(text=start), PushButton(text="Cancel")
        self.buttons = Container(
            widgets=[self.start, self.cancel], layout="horizontal", labels=False, label=" "
        )
        self.bar = ProgressBar(label=" ", min=0, max=1000)
        super().__init__(widgets=[*rows, self.buttons, self.bar, *further])
        self.start.changed.connect(lambda: self._run(self._prepare))
        self.cancel.changed.connect(self._stop)
        self._fit()

    def _fit(self):
        """Show and enable what the state needs."""
        running = self._worker is not None
        self.start.enabled, self.cancel.enabled, self.bar.visible = not running, running, running

    def _run(self, prepare):
        """Begin what a function prepares, in the background."""
        try:
            self._worker = worker = prepare()
        except EXPECTED as error:
            show_error(one_line(error))
            return
        worker.yielded.connect(self._show_progress)
        worker.errored.connect(_show)
        worker.finished.connect(self._finish)
        self.bar.value = 0
        self._fit()
        worker.start()

    def _stop(self):
        """Ask the thread to end."""
        if self._worker is not None:
            self.cancel.enabled = False
            self._worker.quit()

    def _show_progress(self, pair):
        """Move the bar."""
        done, total = pair
        self.bar.value = int(1000 * done / total) if total else 0

    def _finish(self):
        """Make ready for the next one."""
        self._worker = None
        self._fit()


def _show(error):
    """Show an error that a user can cause in one line; any other with its trace."""
    if not isinstance(error, EXPECTED):
        raise error
    show_error(one_line(error))
