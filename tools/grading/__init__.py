"""Collecting and grading a class: whatever comes in is graded, each learner in a sandbox."""
