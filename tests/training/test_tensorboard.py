import math

from tomoseg_tf.backend import load_tensorflow
from tomoseg_tf.training.tensorboard import EventLog

tf = load_tensorflow()


def read_scalars(folder):
    scalars = []
    for path in sorted(folder.iterdir()):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                scalars.append((value.tag, event.step, float(tf.make_ndarray(value.tensor))))
    return scalars


def test_scores_come_back_as_scalars_with_the_epoch_as_step(tmp_path):
    with EventLog(tmp_path / "logs") as log:
        log.write({"epoch": 3, "loss": 0.5, "val_dice": math.nan, "val_loss": 0.25})
    assert read_scalars(tmp_path / "logs") == [("loss", 3, 0.5), ("val_loss", 3, 0.25)]
