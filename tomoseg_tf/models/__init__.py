"""Network builders: one paper per module, one plain function each."""

from tomoseg_tf.models.cicek_unet_3d import cicek_unet_3d
from tomoseg_tf.models.deeplab_v3_plus import deeplab_v3_plus
from tomoseg_tf.models.fc_densenet import fcdense_2d, fcdense_3d
from tomoseg_tf.models.pspnet import pspnet
from tomoseg_tf.models.residual_unet import residual_unet_2d, residual_unet_3d
from tomoseg_tf.models.segnet_2d import segnet_2d
from tomoseg_tf.models.unet_2d import unet_2d
from tomoseg_tf.models.unet_3d import unet_3d
from tomoseg_tf.models.unet_plus_plus import unet_plus_plus
from tomoseg_tf.models.xlearn_unet import xlearn_unet

BUILDERS = {
    "unet_3d": unet_3d,
    "cicek_unet_3d": cicek_unet_3d,
    "residual_unet_3d": residual_unet_3d,
    "fcdense_3d": fcdense_3d,
    "unet_2d": unet_2d,
    "residual_unet_2d": residual_unet_2d,
    "unet_plus_plus": unet_plus_plus,
    "pspnet": pspnet,
    "deeplab_v3_plus": deeplab_v3_plus,
    "segnet_2d": segnet_2d,
    "fcdense_2d": fcdense_2d,
    "xlearn_unet": xlearn_unet,
}

__all__ = [
    "BUILDERS",
    "cicek_unet_3d",
    "deeplab_v3_plus",
    "fcdense_2d",
    "fcdense_3d",
    "pspnet",
    "residual_unet_2d",
    "residual_unet_3d",
    "segnet_2d",
    "unet_2d",
    "unet_3d",
    "unet_plus_plus",
    "xlearn_unet",
]
