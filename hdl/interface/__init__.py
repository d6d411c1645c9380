"""How a core meets the world: access port, AER handshake, SPI, UART, shells."""
