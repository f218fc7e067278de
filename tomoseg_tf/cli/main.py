"""The ``tomoseg-tf`` command: loads a subcommand only when it is named."""

import importlib
import os
import signal
import sys
import threading

import click
from click.shell_completion import CompletionItem

import tomoseg_tf
from tomoseg_tf.cli.completing import VARIABLE, offer_names

COMMANDS = {
    "info": "Explain what a volume file holds.",
    "filter": "Filter a volume into another.",
    "simulate": "Simulate a scan with its exact truth.",
    "truth": "Turn label files into one volume of classes.",
    "draft": "Draft a truth by edges, to be edited by hand.",
    "smooth": "Smooth labelled classes over the slices.",
    "preview": "Draw the truth over its volume.",
    "records": "Cut volumes and truth into training records.",
    "train": "Train a network by a recipe.",
    "tune": "Search good settings of a recipe.",
    "segment": "Segment a volume with fitted weights.",
    "objects": "Measure the objects of a segmentation.",
    "mesh": "Write the surfaces of classes as meshes.",
    "track": "Follow objects through the steps of a series.",
    "evaluate": "Compare a segmentation with the truth.",
    "consensus": "Make one truth from those of several operators.",
    "consistency": "Find objects whose class changes from slice to slice.",
    "review": "Correct the truth, by objects or by slices.",
    "threshold": "Choose the threshold of probabilities by a score.",
    "plot": "Draw figures for print, with their data.",
    "compare": "Train or load several networks and compare them.",
    "ablation": "Train nets of several sizes and compare them.",
    "report": "Put results into one page that people like to open.",
    "models": "List the networks.",
    "weights": "List, check, import and share fitted weights.",
    "export": "Export weights to SavedModel, ONNX or OpenVINO.",
    "demo": "Segment, evaluate and report the bundled example scan.",
    "completion": "Print a script by which a shell completes commands.",
}


class LazyGroup(click.Group):
    """A group whose subcommands live in modules of their own, imported on use."""

    def list_commands(self, ctx):
        """Name the subcommands in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx, name):
        """Import the module of a subcommand and return its command."""
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"tomoseg_tf.cli.{name}"), name)
        return offer_names(command, name) if VARIABLE in os.environ else command

    def shell_complete(self, ctx, incomplete):
        """Offer the subcommands without importing any, and the options of the group."""
        items = [
            CompletionItem(name, help=text)
            for name, text in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx, formatter):
        """Write the list of subcommands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tomoseg_tf.__version__, prog_name="tomoseg-tf")
def cli():
    """Segment X-ray tomograms of materials with Keras and TensorFlow.

    \b
    Start with:  tomoseg-tf demo
    """


def main():
    """Run the command line; what a user can cause ends in one line and exit 1."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    try:
        code = cli.main(standalone_mode=False, complete_var=VARIABLE)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(_fail("interrupted"))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(_fail("interrupted"))
    except (ValueError, OSError, MemoryError) as error:
        sys.exit(_fail(error))


def _fail(error):
    """Print one line on standard error; return the exit status."""
    text = " ".join(str(error).split()) or type(error).__name__
    click.echo(f"Error: {text}", err=True)
    return 1
