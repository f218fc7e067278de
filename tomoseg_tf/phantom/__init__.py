"""Simulated scans whose truth is known exactly."""

from tomoseg_tf.phantom.aa7075 import AA7075
from tomoseg_tf.phantom.dendrites import Dendrites
from tomoseg_tf.phantom.inclusions import Inclusions
from tomoseg_tf.phantom.insertion import insert_objects
from tomoseg_tf.phantom.many import simulate_inclusions
from tomoseg_tf.phantom.micropillar import Micropillar
from tomoseg_tf.phantom.particle_series import ParticleSeries
from tomoseg_tf.phantom.point_spread import measure_noise, measure_point_spread
from tomoseg_tf.phantom.rough import write_rough_labels
from tomoseg_tf.phantom.series import simulate_dendrites, simulate_growth
from tomoseg_tf.phantom.simulate import simulate_aa7075, simulate_micropillar, simulate_scan

__all__ = [
    "AA7075",
    "Dendrites",
    "Inclusions",
    "Micropillar",
    "ParticleSeries",
    "insert_objects",
    "measure_noise",
    "measure_point_spread",
    "simulate_aa7075",
    "simulate_dendrites",
    "simulate_growth",
    "simulate_inclusions",
    "simulate_micropillar",
    "simulate_scan",
    "write_rough_labels",
]
