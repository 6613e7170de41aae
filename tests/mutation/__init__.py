"""Mutation testing: small mistakes are planted in the program one at a time, and the tests must notice each of them.

`points` finds the places and the mistakes, `planting` puts one into a running process, `covering` finds the tests that
run a line, `trying` runs them against each mutant in a forked process, `record` keeps what came out, and `page` writes
it down for readers. `python tests/mutation` does all of it; the sources are never touched.
"""
