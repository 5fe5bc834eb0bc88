"""Procedural medical pictures: backgrounds, hard negatives, marks, and whole pages with text."""
