"""The long experiments of the chapters: for each its settings, one run of it, the stored figures.

``augmentation``: what augmentation gains with few and many images (chapter 5).
"""
