"""What changes the pixels of a batch, beside moving them."""
