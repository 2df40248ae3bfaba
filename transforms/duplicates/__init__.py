"""Finds faces that are the same picture: by hashes, without moving a pixel."""
