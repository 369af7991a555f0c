"""Shared helpers of the handwriting-recognition course.

Import what you need from its room, for example ``from course_utils.data import load_mnist``. The
rooms, floor by floor, the way data go from pen to page; each imports only from rooms below it:

1. ``data``, ``augment``, ``checking``, ``workbook``
2. ``models``, ``evaluation``, ``plots``
3. ``training``
4. ``ink``
5. ``reading``, ``studies``
"""
