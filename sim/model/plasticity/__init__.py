"""Plasticity rules; the files mirror hdl/plasticity."""
