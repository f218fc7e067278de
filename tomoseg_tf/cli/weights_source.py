"""The type of options that name weights: what has to be fetched first is, with progress."""

import click


class WeightsSource(click.ParamType):
    """A weights folder, a name, or the path or address of an archive."""

    name = "weights"

    def convert(self, value, param, ctx):
        """Keep folders and shipped names; turn what is fetched or unpacked into its folder."""
        from tomoseg_tf.weights.finding import find_weights, needs_fetching  # loads NumPy

        if not needs_fetching(value):
            return value
        from tomoseg_tf.cli.options import progress  # which imports this

        with progress("Fetching") as update:
            return str(find_weights(value, progress=update))


WEIGHTS = WeightsSource()
