"""The only reader and writer of record tables."""
