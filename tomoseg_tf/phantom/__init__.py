"""Simulated scans whose truth is known exactly."""

from tomoseg_tf.phantom.micropillar import Micropillar
from tomoseg_tf.phantom.simulate import simulate_micropillar

__all__ = ["Micropillar", "simulate_micropillar"]
