"""Personal data and secrets in texts: found by their form, and masked before anything else sees them.

Names of people and postal addresses have no form of their own, and are not found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import AddressValueError, IPv4Address

MASK = re.compile(r"\[(?:CARD|EMAIL|IBAN|IP ADDRESS|PHONE|SECRET|SOCIAL SECURITY NUMBER)\]")
"""What stands where something was masked."""

_ENDS = ".,;:!?"  # of a sentence rather than of a secret
# What stands for a value in a program or a template: a call, an index, a field, a variable, something to be filled in.
_CODE = re.compile(
    r"[A-Za-z_][\w.]*[(\[].*|[A-Za-z_]+(?:\.[A-Za-z_]+)+[),;\]}]*|\$(?:[A-Za-z_]+|[({].*)|[%<{*].*"
    r"|\w*(?:password|passwd|secret|token|key)[),;]*",
    re.IGNORECASE | re.DOTALL,
)
_LETTERS = 10  # the value of A in an IBAN
_FEWEST_DIGITS, _MOST_DIGITS = 8, 15  # of an international telephone number: ITU-T E.164


def mask(text: str) -> tuple[str, Counter[str]]:
    """Replace personal data and secrets with what they are, and count them.

    Examples
    --------
    >>> mask("Write to ada@example.org or call +44 20 7946 0000.")
    ('Write to [EMAIL] or call [PHONE].', Counter({'EMAIL': 1, 'PHONE': 1}))
    >>> mask("password = hunter2-and-more")[0]
    'password = [SECRET]'
    """
    (masked,), found = mask_together([text])
    return masked, found


def mask_together(texts: Sequence[str]) -> tuple[list[str], Counter[str]]:
    """Mask texts of which each may give away what is masked in another.

    Examples
    --------
    >>> mask_together(["What is the password?", "password: hunter2-and-more", "hunter2-and-more"])[0]
    ['What is the password?', 'password: [SECRET]', '[SECRET]']
    """
    found: Counter[str] = Counter()
    known: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        kind = match.lastgroup or ""
        if kind not in _CHECKS or not _CHECKS[kind](match[kind]):
            return match[0]
        name = _NAMES.get(kind, "SECRET")
        found[name] += 1
        if kind != "login" or _is_secret(match[kind]):  # words, such as root, stay in other places
            known[match[kind].rstrip(_ENDS)] = name
        start, end = match.start(kind) - match.start(), match.end(kind) - match.start()
        return f"{match[0][:start]}[{name}]{match[0][end:]}"

    def replace_known(match: re.Match[str]) -> str:
        found[known[match[0]]] += 1
        return f"[{known[match[0]]}]"

    masked = [_PATTERN.sub(replace, text) for text in texts]
    if known and len(texts) > 1:
        longest_first = "|".join(re.escape(one) for one in sorted(known, key=len, reverse=True))
        masked = [re.sub(rf"(?<![\w\[])(?:{longest_first})(?!\w)", replace_known, text) for text in masked]
    return masked, found


def _always(_text: str) -> bool:
    return True


def _is_secret(text: str) -> bool:
    """Tell a password from a word: it has digits or signs among its letters."""
    return bool(re.search(r"[^A-Za-z]", text.strip(_ENDS))) and not MASK.fullmatch(text)


def _is_written_out(text: str) -> bool:
    """Tell a password from a word, and from the name of what holds it in a program."""
    return _is_secret(text) and not _CODE.fullmatch(text)


def _is_token(text: str) -> bool:
    """Tell a token from a word and from a number: it has letters and digits."""
    return bool(re.search(r"\d", text) and re.search(r"[A-Za-z]", text)) and _is_written_out(text)


def _is_card(text: str) -> bool:
    """Check the last digit of a card number: ISO/IEC 7812-1, the formula of Luhn."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    """Check the digits of an account number: ISO 13616, modulo 97."""
    plain = text.replace(" ", "")
    moved = plain[4:] + plain[:4]
    number = "".join(str(ord(c) - ord("A") + _LETTERS) if c.isalpha() else c for c in moved)
    return int(number) % 97 == 1


def _is_phone(text: str) -> bool:
    return _FEWEST_DIGITS <= sum(character.isdigit() for character in text) <= _MOST_DIGITS


def _is_address(text: str) -> bool:
    """Tell the address of a machine on the Internet; those of private networks say nothing of anybody."""
    try:
        return IPv4Address(text).is_global
    except AddressValueError:
        return False


_CHECKS: dict[str, Callable[[str], bool]] = {
    "key": _always,
    "token": _always,
    "login": _always,
    "signature": _always,
    "password": _is_written_out,
    "bearer": _is_token,
    "scheme": _is_token,
    "email": _always,
    "iban": _is_iban,
    "phone": _is_phone,
    "card": _is_card,
    "social": _always,
    "address": _is_address,
}
_NAMES = {
    "email": "EMAIL",
    "iban": "IBAN",
    "phone": "PHONE",
    "card": "CARD",
    "social": "SOCIAL SECURITY NUMBER",
    "address": "IP ADDRESS",
}
_KEY_ENDS = r"PRIVATE KEY(?: BLOCK)?-----"
_BREAK = r"(?:\s|\\[nr])+"  # also as JSON writes it
# What is left of a key whose end is missing: its lines, and the names before them.
_KEY_LINES = (
    rf"(?:{_BREAK}(?:(?:Proc-Type|DEK-Info|Version|Comment): [^\n\\]{{0,100}}|[A-Za-z0-9+/]{{16,}}={{0,2}}))*"
    rf"(?:{_BREAK}[A-Za-z0-9+/=]{{1,15}}(?=\s*\Z))?"
)
_HOLDERS = (
    r"(?:api|access|account|private|signing|encryption)[_ -]?(?:access[_ -]?)?key|pass(?:phrase|wd|word)"
    r"|pwd(?![\"']?\s*[:=]\s*[\"']?[/~.])"
    r"|secret(?:[_ -]?(?:access[_ -]?)?key)?|(?:access|auth|refresh|session)[_ -]?token"
)
_PATTERN = re.compile(
    rf"(?P<key>-----BEGIN [A-Z ]*{_KEY_ENDS}(?:.{{0,10000}}?-----END [A-Z ]*{_KEY_ENDS}|{_KEY_LINES}))"
    r"|(?<![\w-])(?P<token>(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}|hf_\w{30,}"
    r"|xox[abeoprs]-[\w-]{10,}|AIza[\w-]{35}|sk-[\w-]{20,}|[rs]k_live_\w{16,}|npm_\w{36}|pypi-[\w-]{50,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"
    r"|://[^\s/:@]*:(?P<login>[^\s/@]{3,})@"
    r"|[?&;](?i:sig(?:nature)?)=(?P<signature>[\w%+/=-]{20,})"
    rf"|(?i:{_HOLDERS})[\"']?\s*[:=]\s*[\"']?(?P<password>[^\s\"']{{6,}})"
    r"|\b(?i:token)[\"']?\s*[:=]\s*[\"']?(?P<bearer>[^\s\"']{12,})"
    r"|\b(?i:bearer|authorization[\"']?\s*[:=]\s*[\"']?(?:basic|token|apikey))\s+(?P<scheme>[\w.~+/=-]{12,})"
    r"|(?<![\w.+-])(?P<email>[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)"
    r"|\b(?P<iban>[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b"
    r"|(?<![\w.+])(?P<phone>(?:\+|00)[1-9](?:[ ./-]?\(?\d\)?){7,14}|\(\d{3}\) ?\d{3}[ -]\d{4}|\d{3}-\d{3}-\d{4})"
    r"(?![\w-])"
    r"|(?<![\w.,-])(?P<card>\d(?:[ -]?\d){12,18})(?![\w-])"
    r"|(?<![\w-])(?P<social>(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4})(?![\w-])"
    r"|(?<![\w.])(?P<address>(?:\d{1,3}\.){3}\d{1,3})(?![\w]|\.\d)",
    re.DOTALL,
)
