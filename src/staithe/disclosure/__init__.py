"""Which numbers may leave, and proof that the hidden ones stay hidden; no Django."""
