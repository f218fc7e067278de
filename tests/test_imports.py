"""The tree keeps its order, and TensorFlow enters late."""

import ast
import subprocess
import sys
from pathlib import Path

import tomoseg_tf

ROOT = Path(tomoseg_tf.__file__).parent
ORDER = [
    *("volume", "phantom", "records", "models", "weights", "prediction", "objects"),
    *("meshes", "tracking", "evaluation", "training", "export", "plots", "report"),
    *("studies", "napari", "cli"),
]


def imported_packages(path):
    """Packages of tomoseg_tf that a module names in its imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "tomoseg_tf" and len(parts) > 1 and parts[1] in ORDER:
                yield parts[1]


def test_packages_import_only_from_those_before_them():
    wrong = []
    for path in ROOT.rglob("*.py"):
        package = path.relative_to(ROOT).parts[0]
        if package in ORDER:
            allowed = ORDER[: ORDER.index(package) + 1]
            wrong += [f"{path}: {name}" for name in imported_packages(path) if name not in allowed]
    assert wrong == []


def test_only_records_and_training_load_tensorflow():
    users = {
        path.relative_to(ROOT).parts[0]
        for path in ROOT.rglob("*.py")
        if "load_tensorflow" in path.read_text(encoding="utf-8") and path.name != "backend.py"
    }
    assert users <= {"records", "training"}


def loaded_after(statement):
    """Names of the heavy packages that a statement imports, in a fresh process."""
    program = (
        f"import sys; {statement}; "
        "print(sorted(set(sys.modules) & {'tensorflow', 'keras', 'matplotlib', 'scipy'}))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


def test_help_loads_nothing_heavy():
    run = (
        "from click.testing import CliRunner; from tomoseg_tf.cli.main import cli; "
        "runner = CliRunner(); "
        "results = [runner.invoke(cli, words) for words in (['--help'], *[[name, '--help'] "
        "for name in cli.list_commands(None)])]; "
        "assert all(result.exit_code == 0 for result in results), results"
    )
    assert loaded_after(run) == "[]"


def test_evaluation_needs_no_keras():
    assert "keras" not in loaded_after("import tomoseg_tf.evaluation, tomoseg_tf.plots")


def test_napari_loads_no_network_and_no_figures():
    loaded = loaded_after("import tomoseg_tf.napari.reading, tomoseg_tf.weights")
    assert all(name not in loaded for name in ("keras", "tensorflow", "matplotlib"))
