"""Where batches come from, and what is done to images on their way in."""
