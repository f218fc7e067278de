"""Network builders: one paper per module, one plain function each."""

from tomoseg_tf.models.unet_3d import unet_3d

BUILDERS = {
    "unet_3d": unet_3d,
}

__all__ = ["BUILDERS", "unet_3d"]
