"""Join records about one person or thing across bodies that share no identifier.

Sees identifiers and a specification only, never an asset, a grant or an attribute.
"""
