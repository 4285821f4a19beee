"""Linking without showing identifiers: tokens, the door they leave by, the attack on them.

Three parties. A holder has identifiers and the project's key, a linker has tokens and no
key, an analyst has attributes and a pseudonym.
"""
