"""A viewer of slices for notebooks: sliders where ipywidgets is installed, else a picture."""

import base64
import io

import numpy as np

from tomoseg_tf.evaluation import open_classes
from tomoseg_tf.plots.panels import NAMES, plot_panels
from tomoseg_tf.plots.planes import ACROSS, busiest_plane, check_plane
from tomoseg_tf.plots.slices import grey_range
from tomoseg_tf.volume import as_volume

DPI = 120  # dots per inch on screen
SEEN = 5  # slices that the range of grey levels is taken from


class SliceViewer:
    """What `view_slices` shows: Jupyter draws it, sliders where it can, else the first picture.

    Parameters
    ----------
    volume, truth, segmentation : Volume or None
        What is shown.
    plane : {"xy", "xz", "yz"}
        First plane.
    index : int
        Its place along the third axis.
    names : (str, str, str)
        Titles of the panels.
    """

    def __init__(self, volume, truth, segmentation, plane, index, names):
        self._volumes = volume, truth, segmentation
        self.plane, self.index, self._names = plane, index, names
        self._range = _grey_range(volume)

    def draw(self, plane, index):
        """Draw one plane.

        Parameters
        ----------
        plane : {"xy", "xz", "yz"}
            Axes to the right and downwards, x or y first.
        index : int
            Place along the third axis.

        Returns
        -------
        (N,) ndarray of Axes
            As `plot_panels` gives them; the grey levels have the same range in all planes.
        """
        alone = self._volumes[1:] == (None, None)
        options = {"names": self._names, "width": "single" if alone else "double"}
        axes = plot_panels(*self._volumes, index, plane=plane, **options)
        axes[0].images[0].set_clim(*self._range)
        return axes

    def picture(self, plane, index):
        """Draw one plane as the bytes of a PNG file."""
        content = io.BytesIO()
        figure = self.draw(plane, index)[0].figure
        figure.savefig(content, format="png", dpi=DPI, bbox_inches="tight")
        return content.getvalue()

    def widget(self):
        """Make a widget with a slider through the slices and buttons for the planes.

        Returns
        -------
        ipywidgets.VBox or None
            None where ipywidgets is not installed.
        """
        try:
            import ipywidgets
        except ImportError:
            return None
        sizes = dict(zip(ACROSS, self._volumes[0].shape, strict=True))
        planes = ipywidgets.ToggleButtons(options=list(ACROSS), value=self.plane)
        planes.style.button_width = "4em"
        slider = ipywidgets.IntSlider(
            self.index, 0, sizes[self.plane] - 1, description="slice", continuous_update=False
        )
        image = ipywidgets.Image(value=self.picture(self.plane, self.index), format="png")

        def turn(change):
            slider.max = sizes[planes.value] - 1  # which may move the slider, and draws it then
            middle = slider.max // 2
            if slider.value == middle:
                show(change)  # the slider will not report anything
            else:
                slider.value = middle

        def show(change):
            image.value = self.picture(planes.value, slider.value)

        planes.observe(turn, "value")
        slider.observe(show, "value")
        return ipywidgets.VBox([ipywidgets.HBox([planes, slider]), image])

    def _repr_mimebundle_(self, include=None, exclude=None):
        """Give Jupyter a widget, and a picture for wherever there are no widgets."""
        picture = base64.b64encode(self.picture(self.plane, self.index)).decode()
        bundle = {"text/plain": repr(self), "image/png": picture}
        widget = self.widget()
        return bundle if widget is None else {**widget._repr_mimebundle_(), **bundle}

    def __repr__(self):
        """Name the volume and where the viewer begins."""
        return f"SliceViewer({self._volumes[0].name}, {self.plane} plane, slice {self.index})"


def view_slices(volume, truth=None, segmentation=None, *, plane="xy", index=None, names=NAMES):
    """View a volume slice by slice in a notebook, with truth, segmentation and hit map beside it.

    With ipywidgets a slider goes through the slices and buttons choose the plane; one plane is in
    memory at a time. Without it, or where a notebook is only read, one picture stands there.

    Parameters
    ----------
    volume : path, (Z, Y, X) ndarray or Volume
        Grey levels; its spacing gives the scale bar.
    truth, segmentation : path, (Z, Y, X) ndarray of int or Volume, optional
        Classes; a path is opened with the automatic palette.
    plane : {"xy", "xz", "yz"}
        First plane.
    index : int, optional
        First slice; by default the one with most objects, or the middle one without classes.
    names : (str, str, str)
        Titles of the panels.

    Returns
    -------
    SliceViewer
        The last line of a cell shows it; its `draw` gives the Axes of one plane.

    Raises
    ------
    ValueError
        If the shapes differ or the plane is outside.
    """
    axis = check_plane(plane)
    volume = as_volume(volume)
    truth, segmentation = (
        None if one is None else open_classes(one) for one in (truth, segmentation)
    )
    if index is None:
        classes = segmentation if truth is None else truth
        index = volume.shape[axis] // 2 if classes is None else busiest_plane(classes, plane)
    viewer = SliceViewer(volume, truth, segmentation, plane, int(index), names)
    viewer.draw(plane, index)  # what cannot be shown is an error here, not in Jupyter's output
    return viewer


def _grey_range(volume):
    """Grey levels that are drawn black and white: percentiles over some of the slices."""
    depth = volume.shape[0]
    chosen = sorted({round(share * (depth - 1)) for share in np.linspace(0, 1, SEEN)})
    return grey_range(np.concatenate([volume.read(z, z + 1).ravel() for z in chosen]))
