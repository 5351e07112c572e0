"""What all programs of ImageBatch share: the model, the ports and their adapters."""

__version__ = "0.1.0"
USER_AGENT = f"ImageBatch/{__version__}"
