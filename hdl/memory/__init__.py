"""The one door to every memory."""
