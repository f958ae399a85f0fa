"""Commands about images and data sets."""
