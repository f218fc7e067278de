"""A smaller plan where the memory of the device is not enough."""

from types import SimpleNamespace

import numpy as np
import pytest

from tomoseg_tf.backend import OutOfMemoryError
from tomoseg_tf.prediction import fitting
from tomoseg_tf.prediction.executor import Output
from tomoseg_tf.prediction.fitting import GoingOn, predict_fitting
from tomoseg_tf.prediction.resuming.kept_sums import KeptSums, kept_passes


class Network:
    """Plans as much as it is allowed, at least 100 bytes."""

    def plan(self, shape, *, roi, max_memory):
        if max_memory < 100:
            raise ValueError("too small")
        return object(), SimpleNamespace(memory=max_memory, tile=(2, 4, 4))


class Writer:
    def __init__(self):
        self.array = np.zeros(10, int)

    def write(self, start, slab):
        self.array[start : start + len(slab)] += slab


@pytest.fixture
def device(monkeypatch):
    """A function that sets how much fits, and how many slices are done before it is known."""

    def device(fitting_bytes):
        def predict_tiles(engine, plan, volume, intensity, outputs, *, first):
            for start in range(first // 4 * 4, 12, 4):
                stop = min(start + 4, 10)
                if start >= 4 and plan.memory > fitting_bytes:
                    raise OutOfMemoryError("the device is full")
                outputs[0].writer.write(start, np.arange(start, stop) + 1)

        monkeypatch.setattr(fitting, "predict_tiles", predict_tiles)

    return device


def predict(writer, told, first=0):
    plan = {"roi": ((0, 10), (0, 4), (0, 4)), "max_memory": 1000}
    volume = SimpleNamespace(shape=(10, 4, 4))
    outputs = [Output(np.asarray, writer, "int64")]
    settings = {"plan": plan, "first": first, "on_smaller": lambda *seen: told.append(seen)}
    return predict_fitting(Network(), volume, None, outputs, **settings)


@pytest.mark.parametrize("first", [0, 3, 9])
def test_half_the_memory_until_it_fits_and_no_slice_twice(device, first):
    device(300)
    writer, told = Writer(), []
    assert predict(writer, told, first).memory == 250
    assert [memory for _, memory in told] == [500, 250]
    assert told[0][0].startswith("tiles of 2 x 4 x 4 voxels did not fit into the memory")
    np.testing.assert_array_equal(writer.array, np.where(np.arange(10) < first, 0, range(1, 11)))


def test_it_ends_where_no_smaller_plan_is_possible(device):
    device(50)
    told = []
    with pytest.raises(OutOfMemoryError, match="the device is full"):
        predict(Writer(), told)
    assert [memory for _, memory in told] == [500, 250, 125]


def test_slices_that_are_there_are_left_out():
    writer = Writer()
    going_on = GoingOn(writer, 3)
    for start, stop in ((0, 2), (2, 5), (4, 6)):
        going_on.write(start, np.ones(stop - start, int))
    assert going_on.stop == 6
    assert writer.array.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]


def test_sums_survive_after_each_whole_pass(tmp_path):
    shape, box = (3, 4, 5, 2), ((0, 3), (0, 4), (0, 5))
    values = np.random.default_rng(0).random(shape, dtype=np.float32)
    with KeptSums(tmp_path, shape) as store:
        store.begin().add(box, values)
        store.finish()
        store.begin().add(box, 2 * values)  # and killed here
    assert kept_passes(tmp_path) == 1
    with KeptSums(tmp_path, shape) as store:
        np.testing.assert_array_equal(store.sums.read(0, 3), values)
        store.begin().add(box, 4 * values)
        store.finish()
    with KeptSums(tmp_path, shape) as store:
        assert store.done == 2
        np.testing.assert_array_equal(store.sums.read(0, 3), values + 4 * values)
    assert [path.name for path in tmp_path.iterdir()] == ["sums-2"]
