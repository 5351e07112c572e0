"""Kubernetes: the ImageBatch resource and the objects around it. The only place that knows the Kubernetes client."""

from imagebatch.cluster.client import Cluster, connect
from imagebatch.cluster.registry import ClusterRegistry

__all__ = ["Cluster", "ClusterRegistry", "connect"]
