import sys

import pytest

from tomoseg_tf.cli.main import main


@pytest.fixture
def run(monkeypatch, capfd, request):
    """Run the command line; return its exit status and what it printed.

    A test module that names its ``COMMAND`` leaves it out of the arguments.
    """
    command = getattr(request.module, "COMMAND", ())

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tomoseg-tf", *command, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capfd.readouterr()
        return end.value.code, printed.out, printed.err

    return run
