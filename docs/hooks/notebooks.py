"""Executed notebooks as pages.

The repository holds notebooks without outputs. Where ``build/notebooks`` holds executed copies of
them, each becomes a page with its figures, and the page `PAGE` links to it.
"""

from pathlib import Path

from mkdocs.structure.files import File

PAGE = "notebooks.md"
EXECUTED = Path("build/notebooks")


def on_files(files, *, config):
    """Add a page for each executed notebook, and its figures."""
    for path in _executed(config):
        text, figures = render(path)
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=text))
        for name, content in figures.items():
            files.append(File.generated(config, f"notebooks/{name}", content=content))
    return files


def on_page_markdown(markdown, *, page, config, files):
    """Link the headings of the page of notebooks to those that are rendered."""
    if page.file.src_uri != PAGE:
        return markdown
    for path in _executed(config):
        link = f"[`{path.stem}`](notebooks/{path.stem}.md)"
        markdown = markdown.replace(f"## `{path.stem}`", f"## {link}")
    return markdown


def render(path):
    """Turn a notebook into a page.

    Parameters
    ----------
    path : Path
        An executed notebook.

    Returns
    -------
    text : str
        Markdown.
    figures : dict from str to bytes
        Its figures, by their names relative to the page.
    """
    from nbconvert import MarkdownExporter

    names = {"unique_key": path.stem, "output_files_dir": f"{path.stem}_files"}
    text, found = MarkdownExporter().from_filename(str(path), resources=names)
    return text, dict(found["outputs"])


def _executed(config):
    """List the executed notebooks in the order of their names."""
    folder = Path(config.config_file_path).parent / EXECUTED
    return sorted(folder.glob("*.ipynb"))
