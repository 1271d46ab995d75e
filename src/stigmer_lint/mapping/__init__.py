"""`map`: every launch of a tree with what it sets, what the code inside reads and what it reaches. Imported by that command alone."""
