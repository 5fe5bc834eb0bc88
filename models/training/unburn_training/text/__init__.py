"""Fonts, glyph rendering and invented annotation strings."""
