"""What libraries raise on damaged files, and how it is said in one line."""

import lzma
import struct
import tokenize
import zlib

# besides their own errors, most of which are among these
DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zlib.error,
)


def reason(error):
    """Say in a few words what a library complained of.

    Parameters
    ----------
    error : BaseException
        What it raised.

    Returns
    -------
    str
        The text of the error in one line of 120 characters at most, or the name of its type.
    """
    return " ".join(str(error).split())[:120] or type(error).__name__
