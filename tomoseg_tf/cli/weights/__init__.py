"""``tomoseg-tf weights``: list, explain, check, import, share and fetch fitted weights."""

import click

from tomoseg_tf.cli.weights.bioimageio import bioimageio
from tomoseg_tf.cli.weights.checking import seal, verify
from tomoseg_tf.cli.weights.importing import fingerprint, import_
from tomoseg_tf.cli.weights.picturing import picture
from tomoseg_tf.cli.weights.sharing import fetch, mirror, pack
from tomoseg_tf.cli.weights.showing import info, list_


@click.group()
def weights():
    """List, check, import and share fitted weights.

    Commands take weights as a folder, a name (see: tomoseg-tf weights list), a zip archive, or the
    address of an archive, behind which #sha256=... may stand. What is fetched is kept in
    ~/.cache/tomoseg-tf, or the folder that the variable TOMOSEG_TF_CACHE names. Names are also
    looked for in the mirror that TOMOSEG_TF_WEIGHTS names, a folder or an address.
    """


for command in (list_, info, verify, seal, import_, fingerprint, picture):
    weights.add_command(command)
for command in (pack, fetch, mirror, bioimageio):
    weights.add_command(command)
