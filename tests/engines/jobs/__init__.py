"""Small jobs that are started as scripts: Beam pickles what a script defines by value, so workers need none of the tests."""
