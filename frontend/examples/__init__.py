"""Invented people and places for the gallery; the same that the design pictures show."""
