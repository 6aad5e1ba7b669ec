"""A recorded tape as a program of its own, which computes again without recording."""
