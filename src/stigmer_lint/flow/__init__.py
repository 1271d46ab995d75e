"""Values followed from a launch back to where they are written.

`ir` is what frontends lower code to; `project` finds declarations and their uses over the tree; `evaluate` with `effects`, `fields`, `library`,
`functions`, `containers`, `urls` gives the value of an expression at a place; `callers` and `launches` follow wrappers to who calls them;
`resolvers` runs functions on paper; `reads` finds what code takes from the environment.
"""
