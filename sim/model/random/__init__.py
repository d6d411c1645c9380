"""Random generators, as the hardware has them."""
