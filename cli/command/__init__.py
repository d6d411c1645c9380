"""The commands, one module each; `main` imports one when it is used."""
