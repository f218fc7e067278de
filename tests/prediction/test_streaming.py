"""A stream in z gives what one pass over the whole volume gives."""

from itertools import pairwise

import numpy as np
import pytest

from tomoseg_tf.backend import load_keras
from tomoseg_tf.models import cicek_unet_3d, fcdense_3d, residual_unet_3d, unet_3d
from tomoseg_tf.prediction.executor import Output, predict_tiles
from tomoseg_tf.prediction.geometry import padded_shape
from tomoseg_tf.prediction.graph import inference_graph
from tomoseg_tf.prediction.networks import open_network
from tomoseg_tf.prediction.streaming import StreamingEngine, StreamPlan, bands, plan_stream
from tomoseg_tf.prediction.streaming import engine as streaming_engine
from tomoseg_tf.prediction.streaming.bands import joined_at_once
from tomoseg_tf.prediction.streaming.choices import Choices, Parts
from tomoseg_tf.prediction.streaming.memory import alike, kept_slices
from tomoseg_tf.prediction.streaming.planes import Pool
from tomoseg_tf.prediction.streaming.rewrite import (
    compute_again,
    convolve_before_doubling,
    fill_lanes,
    stack_neighbours,
    take_parts,
)
from tomoseg_tf.prediction.streaming.schedule import Schedule
from tomoseg_tf.volume import ArrayVolume, Normalisation

keras = load_keras()
UNET = {"levels": 3, "base_features": 2}
DENSE = {"blocks": (1, 2, 1), "growth_rate": 2, "base_features": 3}
CASES = {
    "gaudez": (unet_3d, UNET),
    "gaudez, wide": (unet_3d, {"levels": 2, "base_features": 17}),
    "transposed": (residual_unet_3d, UNET),
    "linear, shallow": (
        residual_unet_3d,
        {**UNET, "upsampling": "linear", "z_poolings": 1, "activation": "prelu"},
    ),
    "before": (residual_unet_3d, {**UNET, "preactivation": True}),
    "dilated": (residual_unet_3d, {"levels": 2, "base_features": 2, "dilation": 2}),
    "cicek": (cicek_unet_3d, UNET),
    "dense": (fcdense_3d, DENSE),
    "dense, shallow": (fcdense_3d, {**DENSE, "z_poolings": 1}),
}
RNG = np.random.default_rng(1)


class Slabs:
    """Takes slabs, and checks that they come in order."""

    def __init__(self):
        self.slabs = []

    def write(self, start, slab):
        self.slabs.append(slab)

    @property
    def array(self):
        return np.concatenate(self.slabs)


@pytest.fixture(scope="module")
def build(randomise):
    """A function that builds the network of a case, every weight of it random."""

    def network(case):
        builder, options = CASES[case]
        return randomise(builder((None, None, None, 1), 2, **options))

    return network


def whole(model, nodes, volume):
    """One pass of Keras over the volume, zero-padded at the high ends, cropped again."""
    padded = padded_shape(nodes, volume.shape)
    pads = [(0, long - side) for long, side in zip(padded, volume.shape, strict=True)]
    found = model.predict_on_batch(np.pad(volume, pads)[None, ..., None])[0]
    return found[tuple(slice(side) for side in volume.shape)]


def stream(nodes, volume, *, chunk, depth=4, parts=(9999, 9999), roi=None, first=0, engine=None):
    """Stream a volume with a plan made by hand."""
    roi = roi or tuple((0, side) for side in volume.shape)
    sides = [min(side, high - low) for side, (low, high) in zip(parts, roi[1:], strict=True)]
    padded = padded_shape(nodes, volume.shape)
    plan = StreamPlan(volume.shape, padded, roi, (depth, *sides), 0, 1.0, chunk)
    slabs = Slabs()
    output = Output(np.asarray, slabs, "float32", nodes[-1].channels)
    engine = engine or StreamingEngine(nodes, chunk)
    intensity = Normalisation(method="none").intensity(None)
    predict_tiles(engine, plan, ArrayVolume(volume), intensity, [output], first=first)
    return slabs.array


@pytest.mark.parametrize("case", CASES)
def test_a_stream_equals_one_pass_over_the_whole_volume(case, build):
    model = build(case)
    nodes = inference_graph(model)
    rewritten = convolve_before_doubling(nodes)
    for shape, chunk in (((15, 11, 13), 4), ((4, 8, 5), 2)):
        volume = RNG.standard_normal(shape).astype("f4")
        expected = whole(model, nodes, volume)
        assert expected.std() > 0.02
        plain = stream(nodes, volume, chunk=chunk)
        np.testing.assert_allclose(plain, expected, atol=1e-5)
        parts = take_parts(rewritten)
        for changed in (stack_neighbours(rewritten, 16), fill_lanes(rewritten, 16), parts):
            found = stream(changed, volume, chunk=chunk)
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_a_dense_block_joins_is_held_once(build):
    nodes = inference_graph(build("dense"))
    found = take_parts(nodes)
    assert any(node.kind == "point" for node in nodes)
    assert not any(node.kind == "point" for node in found)
    for node in found:
        taken = [found[each] for each in node.inputs]
        if node.kind == "concat":
            assert not any(each.kind == "concat" for each in taken)
        if node.kind == "conv":  # the kernel fits all that is taken together
            assert sum(each.channels for each in taken) == node.kernel.shape[3]
    before, after = (values_held(each, (64, 256, 256)) for each in (nodes, found))
    assert after < 0.7 * before


def values_held(nodes, shape):
    """Values that a stream of whole planes holds at most."""
    roi = tuple((0, side) for side in shape)
    parts = Parts(nodes, roi, shape)
    return Choices(nodes, Schedule(nodes, shape[0], 4), roi, parts, 4).values[0, 0]


def test_parts_that_are_never_whole_are_joined_and_scaled(randomise):
    grey = keras.Input((None, None, None, 1))
    layers = keras.layers
    parts = [layers.Conv3D(2, 3, padding="same", activation="relu")(grey) for _ in range(2)]
    x = layers.ReLU()(layers.BatchNormalization()(layers.Concatenate()(parts)))
    model = randomise(keras.Model(grey, layers.Conv3D(2, 1, activation="softmax")(x)))
    nodes = inference_graph(model)
    changed = take_parts(nodes)
    assert joined_at_once(changed) == {1, 2}
    assert changed[-1].before is not None
    volume = RNG.standard_normal((5, 9, 8)).astype("f4")
    found = stream(changed, volume, chunk=2)
    np.testing.assert_allclose(found, whole(model, nodes, volume), atol=1e-5)


@pytest.mark.parametrize("case", ["gaudez", "linear, shallow", "dense"])
def test_parts_of_the_planes_and_of_the_slices(case, build):
    model = build(case)
    nodes = convolve_before_doubling(inference_graph(model))
    volume = RNG.standard_normal((13, 14, 9)).astype("f4")
    expected = whole(model, nodes, volume)
    nodes = fill_lanes(nodes, 16)
    found = stream(nodes, volume, chunk=2, depth=8, parts=(5, 9))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    roi = ((5, 12), (3, 10), (0, 4))
    found = stream(nodes, volume, chunk=4, depth=4, parts=(7, 3), roi=roi)
    np.testing.assert_allclose(found, expected[5:12, 3:10, :4], atol=1e-5)


def test_a_shortcut_computed_again_changes_nothing(build):
    for case in ("gaudez", "transposed", "cicek"):
        held = convolve_before_doubling(inference_graph(build(case)))
        again = compute_again(held)
        assert len(again) > len(held)
        volume = RNG.standard_normal((16, 8, 12)).astype("f4")
        expected = stream(held, volume, chunk=4)
        np.testing.assert_allclose(stream(again, volume, chunk=4), expected, atol=1e-6)
    assert compute_again(inference_graph(build("dense"))) is None


def test_a_run_may_begin_anywhere_and_gives_the_same_bits(build):
    nodes = convolve_before_doubling(inference_graph(build("gaudez")))
    volume = RNG.standard_normal((41, 24, 20)).astype("f4")
    expected = stream(nodes, volume, chunk=4, depth=8)
    for first in (9, 24, 40):
        begin = first // 8 * 8
        found = stream(nodes, volume, chunk=4, depth=8, first=first)
        np.testing.assert_array_equal(found, expected[begin:])
    roi = ((19, 30), (0, 24), (0, 20))
    found = stream(nodes, volume, chunk=4, depth=8, roi=roi)
    np.testing.assert_array_equal(found, expected[19:30])


def test_each_slice_is_read_and_computed_once(build):
    nodes = convolve_before_doubling(inference_graph(build("gaudez")))
    schedule = Schedule(nodes, 64, 4)
    joins = schedule.joins(0)
    reached, made = schedule.begin(joins), [[] for _ in nodes]
    for step in range(min(joins), schedule.num_steps):
        for move in schedule.moves(step, joins, reached):
            made[move.index].append(move.made)
            assert move.made[1] - move.made[0] <= 4 // nodes[move.index].factor[0]
    for node, ranges in zip(nodes, made, strict=True):
        assert ranges[0][0] == 0
        assert ranges[-1][1] == 64 // node.factor[0]
        assert all(first[1] == second[0] for first, second in pairwise(ranges))


def test_what_is_kept_does_not_grow_with_the_slices_and_is_as_counted(build):
    nodes = convolve_before_doubling(inference_graph(build("gaudez")))
    most, pools = [], []

    class Watched(Pool):
        def __init__(self, dtype):
            super().__init__(dtype)
            pools.append(self)

    for depth in (48, 96):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(streaming_engine, "Pool", Watched)
            stream(nodes, np.zeros((depth, 16, 16), "f4"), chunk=4)
        most.append(pools[-1].num_bytes)
        slices = kept_slices(Schedule(nodes, depth, 4))
        planes = np.array([256 * n.channels / np.prod(n.factor[1:]) for n in nodes])
        groups = alike(nodes[:-1])
        counted = sum((slices[:, each].sum(1) * planes[each[0]]).max() for each in groups)
        assert most[-1] == 4 * counted
    assert most[0] == most[1] > 0


@pytest.mark.parametrize("case", ["linear, shallow", "dense"])
def test_tensors_kept_on_a_device_give_the_same(case, build):
    nodes = take_parts(convolve_before_doubling(inference_graph(build(case))))
    volume = RNG.standard_normal((9, 40, 12)).astype("f4")
    expected = stream(nodes, volume, chunk=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming_engine, "on_processor", lambda device: False)
        patch.setattr(bands, "BAND", 1)
        found = stream(nodes, volume, chunk=2)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_what_a_dense_block_takes_is_rounded_like_the_rest(build):
    nodes = take_parts(inference_graph(build("dense")))
    volume = RNG.standard_normal((9, 40, 12)).astype("f4")
    expected = stream(nodes, volume, chunk=2)
    rounded = stream(nodes, volume, chunk=2, engine=StreamingEngine(nodes, 2, precision="bfloat16"))
    assert 0 < np.abs(rounded - expected).max() < 0.05


def test_a_sum_of_convolutions_is_made_band_after_band(build):
    model = build("gaudez")
    nodes = convolve_before_doubling(inference_graph(model))
    joined = joined_at_once(nodes)
    assert {nodes[index].kind for index in joined} == {"conv", "doubled"}
    assert nodes[-1].inputs[0] in joined
    assert len(joined) == 5  # the terms of two sums, and what the head takes
    volume = RNG.standard_normal((9, 40, 12)).astype("f4")
    expected = stream(nodes, volume, chunk=2)
    for lanes in (1, 16):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bands, "BAND", 1)  # eight rows at a time, two bands at once
            found = stream(fill_lanes(nodes, lanes), volume, chunk=2)
            again = stream(fill_lanes(nodes, lanes), volume, chunk=2)
            np.testing.assert_array_equal(again, found)
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(found, whole(model, nodes, volume), atol=1e-5)


def test_several_rows_of_few_features_are_computed_at_once(build):
    nodes = fill_lanes(convolve_before_doubling(inference_graph(build("gaudez"))), 16)
    for node in nodes:
        if node.kind == "conv" and node.window == (3, 3, 3):
            assert node.rows == {2: 4, 4: 4, 8: 2, 16: 1}.get(node.channels, 1)
    joined = joined_at_once(nodes)
    for node in nodes:  # what is never kept lies as its user takes it
        if joined.issuperset(node.inputs) and node.inputs:
            assert {nodes[each].rows for each in node.inputs} == {node.rows}
    assert len({node.rows for node in nodes}) > 1
    assert {node.rows for node in fill_lanes(nodes, 1)} == {1}


def test_convolutions_of_few_channels_are_stacked_where_that_is_asked_for(build):
    nodes = convolve_before_doubling(inference_graph(build("gaudez")))
    convolutions = [n for n in stack_neighbours(nodes, 4) if n.kind in ("conv", "doubled")]
    for node in convolutions:
        assert node.stacked == (node.kernel.shape[3] <= 4)
    assert {node.stacked for node in convolutions} == {True, False}
    assert {node.kind for node in convolutions if node.stacked} == {"conv", "doubled"}
    assert not any(node.stacked for node in stack_neighbours(nodes, 0))


def test_the_plan_computes_nothing_twice_where_the_planes_fit():
    nodes = inference_graph(unet_3d((None, None, None, 1), 1))
    shape, sides = (256, 256, 256), tuple((0, 256) for _ in range(3))
    _, plan = plan_stream(nodes, shape, roi=sides)
    assert plan.tile[1:] == (256, 256)
    assert plan.overhead == 1
    assert [z for z, _ in plan.layers()][:2] == [
        (0, plan.tile[0]),
        (plan.tile[0], 2 * plan.tile[0]),
    ]
    _, less = plan_stream(nodes, shape, roi=sides, max_memory=0.4 * plan.memory)
    assert less.memory <= 0.4 * plan.memory
    assert 1 < less.overhead < 2
    with pytest.raises(
        ValueError, match=r"needs about .* GB in the smallest parts, more than the 0"
    ):
        plan_stream(nodes, shape, roi=sides, max_memory=1e6)


def test_volumes_are_streamed_unless_tiles_are_given(build):
    network = open_network(build("gaudez"))
    settings = {"roi": ((0, 16), (0, 16), (0, 16)), "voxel_bytes": (1, 1)}
    engine, plan = network.plan((16, 16, 16), **settings)
    assert isinstance(engine, StreamingEngine)
    assert isinstance(plan, StreamPlan)
    engine, plan = network.plan((16, 16, 16), tile=(8, 8, 8), **settings)
    assert not isinstance(engine, StreamingEngine)
    assert plan.tile == (8, 8, 8)
