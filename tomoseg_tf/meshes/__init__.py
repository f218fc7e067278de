"""Surfaces of classes as meshes, made slab by slab: PLY, STL and OBJ."""

from tomoseg_tf.meshes.fields import Field
from tomoseg_tf.meshes.marching import Piece, march
from tomoseg_tf.meshes.objects import write_object_meshes
from tomoseg_tf.meshes.writing import write_meshes

__all__ = ["Field", "Piece", "march", "write_meshes", "write_object_meshes"]
