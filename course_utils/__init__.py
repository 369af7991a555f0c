"""Shared helpers of the handwriting-recognition course.

Import what you need by name, for example ``from course_utils.data import load_mnist``. The modules,
in the order in which data flows through them (each imports only from those before it):
``data``, ``augment``, ``models``, ``training``, ``study``, ``evaluation``, ``plots``, ``ink``.
"""
