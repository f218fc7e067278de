"""Exact prediction that streams through z and computes nothing twice."""

from tomoseg_tf.prediction.streaming.engine import StreamingEngine
from tomoseg_tf.prediction.streaming.plan import StreamPlan, can_stream, plan_stream

__all__ = ["StreamPlan", "StreamingEngine", "can_stream", "plan_stream"]
