"""Synthesis: netlists, area and maximum frequency of a component, and switching activity."""
