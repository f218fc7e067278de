"""Build tomoseg-tf; weights, recipes and the example scan travel inside the package.

The folders ``weights``, ``recipes`` and ``examples/micropillar`` are mapped to
``tomoseg_tf/fitted``, ``tomoseg_tf/recipes`` and ``tomoseg_tf/example``. An
editable install has no such mapping: there the package looks into the checkout.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'__version__ = "(.+)"', (HERE / "tomoseg_tf" / "__init__.py").read_text(encoding="utf-8")
)[1]
DATA = {
    "tomoseg_tf.fitted": "weights",
    "tomoseg_tf.recipes": "recipes",
    "tomoseg_tf.example": "examples/micropillar",
}
REQUIRES = [
    "click>=8.1",
    "connected-components-3d>=3.12",
    "fabio>=2023.6",  # EDF of the ESRF
    "h5py>=3.10",
    "hdf5plugin>=4.4",  # HDF5 files of detectors are compressed with its filters
    "imagecodecs>=2023.9.18",  # tifffile decodes LZW, Deflate and ZSTD with it
    "jinja2>=3.1",
    "keras>=3.5",
    "markdown-it-py>=3",  # cards of weights in reports
    "matplotlib>=3.8",
    "numpy>=1.26",
    "olefile>=0.46",  # TXM of Zeiss microscopes
    "optuna>=5.0",
    "pillow>=10",
    "pydantic>=2.10",
    "PyYAML>=6.0",
    "rich>=13",
    "roifile>=2023.8.30",  # regions of ImageJ
    "safetensors>=0.4",  # weights of PyTorch without code in them
    "scikit-image>=0.22",
    "scikit-learn>=1.4",
    "scipy>=1.11",
    "sqlalchemy>=2.0",  # Optuna's, of which the addresses of databases are
    "tensorflow>=2.18",
    "tifffile>=2024.1.30",
    "zarr>=3.0",
]
CLUSTER = ["distributed>=2024.8"]
EXPORT = ["onnx>=1.16", "onnxruntime>=1.18", "openvino>=2024.4", "tf2onnx>=1.16"]
EXTRAS = {
    "cluster": CLUSTER,
    "export": EXPORT,
    "docs": [
        "mkdocs-material>=9.5",
        "mkdocstrings[python]>=1.0",
        "nbconvert>=7.16",  # executed notebooks as pages
    ],
    "gpu": ["tensorflow[and-cuda]>=2.18"],
    "napari": ["napari[pyqt6]>=0.9"],
    "notebooks": ["ipywidgets>=8", "jupyterlab>=4"],
    "parquet": ["pyarrow>=15"],
    "register": ["SimpleITK>=2.3"],
    "test": [
        *CLUSTER,
        *EXPORT,
        "hypothesis>=6.90",
        "ipykernel>=6.29",
        "ipywidgets>=8",
        "nbclient>=0.10",
        "nbformat>=5.10",
        "playwright>=1.49",  # drives a Chromium that is installed; downloads none
        "pyarrow>=15",
        "pynrrd>=1.0",
        "pytest-xdist>=3.5",
        "pytest>=8",
        "ruff>=0.9",
        "SimpleITK>=2.3",
    ],
}

setup(
    name="tomoseg-tf",
    version=VERSION,
    description="Segment X-ray (nano)tomograms of materials with Keras and TensorFlow",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The tomoseg-tf developers",
    license="BSD-3-Clause",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    packages=find_packages(include=["tomoseg_tf", "tomoseg_tf.*"]) + list(DATA),
    package_dir=DATA,
    package_data={
        "tomoseg_tf": ["py.typed"],
        "tomoseg_tf.napari": ["napari.yaml"],
        "tomoseg_tf.report.page": ["*.html", "*.css", "*.js"],
        "tomoseg_tf.fitted": ["*/*"],
        "tomoseg_tf.recipes": ["*.yaml", "*/*.yaml"],
        "tomoseg_tf.example": ["*.tif", "*.md"],
    },
    entry_points={
        "console_scripts": ["tomoseg-tf=tomoseg_tf.cli.main:main"],
        "napari.manifest": ["tomoseg-tf=tomoseg_tf.napari:napari.yaml"],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Processing",
        "Typing :: Typed",
    ],
)
