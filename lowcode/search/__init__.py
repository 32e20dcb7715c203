"""Tolerant search: how text is folded, which grams of it are indexed, and how hits are ranked and marked.

Nothing here reads records or knows rights: :mod:`lowcode.records` keeps the index in the record's transaction and
asks it for fields that the actor may read.
"""
