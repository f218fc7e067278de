"""Simulated scans whose truth is known exactly."""

from tomoseg_tf.phantom.aa7075 import AA7075
from tomoseg_tf.phantom.micropillar import Micropillar
from tomoseg_tf.phantom.simulate import simulate_aa7075, simulate_micropillar

__all__ = ["AA7075", "Micropillar", "simulate_aa7075", "simulate_micropillar"]
