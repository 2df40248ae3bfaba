"""The two ways in which a command ends badly without a bug of ours; anything else is a traceback."""


class UsageError(Exception):
    """The call was wrong: one line that names the thing, the value and the remedy. Exit status 2."""


class JobFailed(Exception):
    """The job ran and failed: the text says what to do. Exit status 1; what was finished stays."""
