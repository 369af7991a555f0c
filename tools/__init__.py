"""Commands that keep the course sound; each runs as ``python -m tools.NAME`` from the root."""
