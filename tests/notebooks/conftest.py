"""Notebooks run small: their cell of parameters is replaced, in a folder of the test."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def execute(tmp_path):
    """Run a notebook in the folder of the test, to write into ``out``, with other parameters."""

    def execute(name, parameters, timeout=600):
        notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
        (cell,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", ()))
        cell.source = f'from pathlib import Path\noutput = Path("out")\n{parameters}'
        where = {"metadata": {"path": str(tmp_path)}}
        client = NotebookClient(notebook, kernel_name="python3", timeout=timeout, resources=where)
        client.execute()
        return notebook

    return execute


@pytest.fixture
def outputs():
    """All that the cells of a notebook printed, and how many figures they show."""

    def outputs(notebook):
        found = [out for cell in notebook.cells for out in cell.get("outputs", ())]
        printed = [out for out in found if out.output_type == "stream"]
        assert [out.text for out in printed if out.name != "stdout"] == []
        figures = sum("image/png" in out.get("data", {}) for out in found)
        return "".join(out.text for out in printed), figures

    return outputs
