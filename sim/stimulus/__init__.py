"""Random stimulus for each core: what `verify` sends."""
