"""A real call of every action that the demo's story does not make, room by room.

Whoever adds an action adds a call here, in the file of its room: the test that breaks
the ledger for every action fails on one that is never called.
"""
