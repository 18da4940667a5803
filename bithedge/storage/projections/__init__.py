"""The code that builds the read models, in the transaction of the events themselves.

A projection hears the kinds of events it names and writes its own tables. What a reorg undoes is folded again
without it, so every projection depends on its events alone.
"""
