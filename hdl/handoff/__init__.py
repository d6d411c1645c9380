"""What a user of the Verilog gets beside it, one module for each kind of file."""
