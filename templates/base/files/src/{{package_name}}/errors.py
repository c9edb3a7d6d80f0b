"""Errors that the person at the keyboard can do something about."""


class ProjectError(Exception):
    """What went wrong, and what to do next. The command line prints it without a traceback and exits with 1.

    Parameters
    ----------
    message
        What happened, and to what.
    hint
        What to do next.

    Examples
    --------
    >>> print(ProjectError("conf/base.yaml is empty", hint="restore it from git"))
    conf/base.yaml is empty
    hint: restore it from git
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


def first_line(error: BaseException) -> str:
    r"""Give the first line of an error's message, or the error's kind where it has none.

    Examples
    --------
    >>> first_line(OSError("no space\n  at line 3")), first_line(MemoryError())
    ('no space', 'MemoryError')
    """
    return (str(error).strip() or type(error).__name__).splitlines()[0]
