"""Archives of photos: what they hold, and the bytes of one member without unpacking the rest.

Everything in an archive is a claim: names are data, lengths are held against the file and against a limit before memory is
spent on them, and where an archive can't be read any further it says so instead of ending early.
"""
