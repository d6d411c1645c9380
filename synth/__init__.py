"""Synthesis: netlists, area and maximum frequency of a component, and what switches in it."""
