"""Run the command line with ``python -m tomoseg_tf``."""

from tomoseg_tf.cli.main import main

main()
