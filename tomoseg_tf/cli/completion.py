"""``tomoseg-tf completion``: let the shell complete commands, options and names."""

import click
from click.shell_completion import get_completion_class

from tomoseg_tf.cli.completing import VARIABLE

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print a script by which a shell completes commands.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx, shell):
    """Print the script by which SHELL completes commands, options, names and files.

    Put the line of your shell into the file that it reads when it starts (~/.bashrc, ~/.zshrc or
    ~/.config/fish/config.fish). It completes the names of weights, recipes and networks, too.

    \b
    Examples:
      eval "$(tomoseg-tf completion bash)"
      eval "$(tomoseg-tf completion zsh)"
      tomoseg-tf completion fish | source
    """
    script = get_completion_class(shell)
    click.echo(script(ctx.find_root().command, {}, "tomoseg-tf", VARIABLE).source())
