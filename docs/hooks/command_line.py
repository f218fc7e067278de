"""The page of commands, from what ``--help`` shows: usage, text, examples and options."""

import inspect
import re

import click

MARKER = "<!-- commands -->"


def on_page_markdown(markdown, *, page, config, files):
    """Put all commands where a page asks for them."""
    if MARKER not in markdown:
        return markdown
    from tomoseg_tf.cli.main import cli

    return markdown.replace(MARKER, "\n".join(_describe(cli, "tomoseg-tf")))


def _describe(command, name, level=2):
    """Lines of Markdown for a command and those below it."""
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = [f"{'#' * min(level, 4)} {name}", "", "```text", usage, "```", "", *_text(command.help)]
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    records = filter(None, (option.get_help_record(context) for option in options))
    rows = [(names, text) for names, text in records if "--help" not in names]
    if rows:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| `{names}` | {_cell(text)} |" for names, text in rows]
    lines.append("")
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            lines += _describe(command.get_command(context, below), f"{name} {below}", level + 1)
    return lines


def _text(text):
    """Paragraphs of a help text; those that Click is told not to wrap are code."""
    lines = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            lines += ["```text", *paragraph.splitlines()[1:], "```", ""]
        else:
            lines += [_escape(paragraph), ""]
    return lines


def _cell(text):
    """Make a text fit into a cell of a table."""
    return _escape(" ".join(text.split())).replace("|", "&#124;")


def _escape(text):
    """Keep what is no markup from being read as such."""
    return re.sub(r"([\\*_\[\]])", r"\\\1", text).replace("<", "&lt;")
