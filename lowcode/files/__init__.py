"""Attachments: immutable bytes under random names, with one row of facts each."""
