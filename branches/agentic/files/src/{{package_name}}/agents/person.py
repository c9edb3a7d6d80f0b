"""Who is at the terminal: for decisions, and for the record of them."""

import getpass
import os
import sys


def at_terminal() -> str:
    """Give the name of the user whose process this is, not one that a variable such as `LOGNAME` could claim.

    In a container a user may have no name: the number stands for it then.
    """
    if sys.platform == "win32":
        return getpass.getuser()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
