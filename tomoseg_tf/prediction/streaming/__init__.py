"""Exact prediction that streams through z and computes nothing twice."""

from tomoseg_tf.prediction.streaming.engine import StreamingEngine
from tomoseg_tf.prediction.streaming.plan import StreamPlan, plan_stream, why_not_streamed

__all__ = ["StreamPlan", "StreamingEngine", "plan_stream", "why_not_streamed"]
