from tomoseg_tf.models import unet_3d
from tomoseg_tf.prediction import geometry
from tomoseg_tf.prediction.graph import inference_graph


def network(levels):
    return inference_graph(unet_3d((None, None, None, 1), 1, levels=levels, base_features=2))


def test_one_voxel_in_the_middle_needs_the_receptive_field():
    """Two levels by hand: convolutions 2 + 2 at full and 2 at half resolution, and the pooling."""
    nodes = network(2)
    read = geometry.needed_boxes(nodes, ((40, 41),) * 3, (96, 96, 96))[0]
    # synthesis 38:43, up-sampled from 19:22, bottom 17:24, pooled from 34:48, analysis 32:50
    assert read == ((32, 50),) * 3


def test_a_box_at_the_ends_needs_nothing_beyond_them():
    read = geometry.needed_boxes(network(3), ((0, 4), (20, 32), (0, 32)), (32, 32, 32))[0]
    assert read == ((0, 26), (0, 32), (0, 32))  # 4 + 2, 3 + 2, 3 + 2 up; 10 + 2, 24 + 2 down


def test_sides_are_padded_to_multiples_of_the_stride():
    assert geometry.stride(network(4)) == (8, 8, 8)
    assert geometry.padded_shape(network(4), (1, 16, 17)) == (8, 16, 24)
