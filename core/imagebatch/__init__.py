"""What all programs of ImageBatch share: the model, the ports and their adapters."""
