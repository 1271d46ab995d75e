"""`init`: a first policy for a tree, written from what `check` sees of it. Imported by that command alone.

Nothing is looked up that a rule could not see: services are the addresses that launches hand over, containers the launches whose code is at hand,
the contract what both ends say. Every entry carries where it came from, and what the draft cannot answer is said, not guessed.
"""
