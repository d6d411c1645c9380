"""Software twins of the hardware and everything that runs it."""
