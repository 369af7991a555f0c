"""Measurements: ``python -m benchmarks`` times the chapters, and each other module one more thing.

Each module is a command of its own, run as ``python -m benchmarks NAME`` or
``python -m benchmarks.NAME``.
"""
