import sys

import pytest

from tomoseg_tf.cli.main import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line; return its exit status and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tomoseg-tf", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return end.value.code, printed.out, printed.err

    return run
