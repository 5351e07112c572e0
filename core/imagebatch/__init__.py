"""What all programs of ImageBatch share: the model, the ports and their adapters."""

__version__ = "0.1.0"
