"""Made-up numbers, keys and values for rows that must not hold real-looking ones.

`filled("card {card}")` is the same in every run: the seed is the row's own text. `{card:wide}` is
the value in the spelling that `STYLES` calls so.
"""

import base64
import codecs
import random
import re
import string
from collections.abc import Callable

PLACE = re.compile(r"\{([a-z_0-9]+)(?::([a-z_0-9]+))?\}")
LETTERS = string.ascii_letters + string.digits
SEEDS = "orbit velvet lantern copper meadow pistol harvest tunnel wisdom garlic panther umbrella"


def filled(text: str) -> str:
    """The row's text with a value for each placeholder."""
    chance = random.Random(text)  # noqa: S311 - not a secret, only the same in every run

    def value(place: re.Match[str]) -> str:
        made = MAKERS[place[1]](chance)
        return STYLES[place[2]](made) if place[2] else made

    return PLACE.sub(value, text)


def some(chance: random.Random, letters: str, count: int) -> str:
    """So many of the letters."""
    return "".join(chance.choice(letters) for _ in range(count))


def figures(shape: str) -> Callable[[random.Random], str]:
    """Makes the shape with a figure for each `#`, from 1 for each `+`, `@` a letter or figure."""
    kinds = {"#": string.digits, "+": "23456789", "@": LETTERS, "%": "0123456789abcdef"}

    def make(chance: random.Random) -> str:
        return "".join(chance.choice(kinds.get(char, char)) for char in shape)

    return make


def card(chance: random.Random) -> str:
    """Sixteen digits in fours with the right check digit."""
    body = "4" + some(chance, string.digits, 14)
    doubled = [int(d) * 2 for d in body[::-2]]
    total = sum(map(int, body[-2::-2])) + sum(v - 9 * (v > 9) for v in doubled)
    number = body + str(-total % 10)
    return "-".join(number[at : at + 4] for at in range(0, 16, 4))


def born(chance: random.Random) -> str:
    """Six digits of a date."""
    return f"{chance.randint(60, 99)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"


def resident_number(chance: random.Random) -> str:
    """Without a valid check digit as often as they are since 2020."""
    return f"{born(chance)}-{chance.choice('12')}{some(chance, string.digits, 6)}"


def foreigner_number(chance: random.Random) -> str:
    """As a resident number, of a foreigner."""
    return f"{born(chance)}-{chance.choice('56')}{some(chance, string.digits, 6)}"


def checked_resident_number(chance: random.Random) -> str:
    """Thirteen digits without a hyphen, with the right check digit."""
    body = resident_number(chance).replace("-", "")[:12]
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    rest = sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11
    return body + str((11 - rest) % 10)


def iban(chance: random.Random) -> str:
    """A German one with the right remainder."""
    body = some(chance, string.digits, 18)
    return f"DE{98 - int(body + '131400') % 97:02}{body}"


def jwt(chance: random.Random) -> str:
    """Three parts, the first two encoded JSON."""
    parts = ['{"alg":"HS256","typ":"JWT"}', f'{{"sub":"{some(chance, LETTERS, 12)}"}}']
    return ".".join([*map(_plain64, parts), some(chance, LETTERS, 43)])


def private_key(chance: random.Random) -> str:
    """The head of one, and the beginning of its body."""
    return "-----BEGIN RSA " + "PRIVATE KEY-----\n" + some(chance, LETTERS, 64)


def database_url(chance: random.Random) -> str:
    """With a password."""
    return "postgresql" + f"://desk:{some(chance, LETTERS, 12)}9@db.internal:5432/orders"


def _plain64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _prefixed(prefix: str, count: int) -> Callable[[random.Random], str]:
    return lambda chance: prefix + some(chance, LETTERS, count)


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "card": card,
    "resident_number": resident_number,
    "checked_resident_number": checked_resident_number,
    "foreigner_number": foreigner_number,
    "passport": figures("M########"),
    "new_passport": figures("M###A####"),
    "licence": figures("11-2+-######-##"),
    "phone": figures("010-+###-####"),
    "landline": figures("02-+###-####"),
    "us_phone": figures("(415) 5++-####"),
    "ssn": figures("4##-2#-1###"),
    "account": figures("+#####-0+-######"),
    "business_number": figures("1+#-8#-#####"),
    "iban": iban,
    "password": figures("Tr@@@@#!"),
    "code": figures("+#####"),
    "barcode": figures("880#########+"),
    "api_key": _prefixed("sk-" + "proj-", 48),
    "anthropic_key": _prefixed("sk-" + "ant-api03-", 60),
    "github_token": _prefixed("gh" + "p_", 36),
    "github_fine": _prefixed("github" + "_pat_", 59),
    "aws_key": lambda chance: "AK" + "IA" + some(chance, string.ascii_uppercase + "234567", 16),
    "google_key": _prefixed("AI" + "za", 35),
    "hf_token": _prefixed("h" + "f_", 34),
    "slack_token": figures("xo" + "xb-############-@@@@@@@@@@@@@@@@@@@@@@@@"),
    "stripe_key": _prefixed("sk" + "_live_", 24),
    "npm_token": _prefixed("np" + "m_", 36),
    "pypi_token": _prefixed("py" + "pi-", 80),
    "gitlab_token": _prefixed("gl" + "pat-", 20),
    "sendgrid_key": figures("S" + "G." + "@" * 22 + "." + "@" * 43),
    "telegram_token": figures("#########+" + ":AA" + "@" * 33),
    "twilio_key": figures("S" + "K" + "%" * 32),
    "hex_key": figures("%" * 32),
    "jwt": jwt,
    "private_key": private_key,
    "database_url": database_url,
    "seed_phrase": lambda chance: " ".join(chance.sample(SEEDS.split(), 12)),
    "commit": figures("%" * 40),
}

_KOREAN = dict(zip("0123456789", "공일이삼사오육칠팔구", strict=True))
_NATIVE = dict(enumerate(["공", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉"]))
_ENGLISH = dict(
    zip(
        "0123456789",
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        strict=True,
    )
)
_CYRILLIC = str.maketrans("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ")


def _shifted(offset: int) -> Callable[[str], str]:
    """Each digit as the one of another script."""
    return lambda text: "".join(
        chr(offset + int(char)) if char in string.digits else char for char in text
    )


STYLES: dict[str, Callable[[str], str]] = {
    "wide": lambda text: "".join(chr(ord(char) + 0xFEE0) for char in text),
    "circled": lambda text: "".join(
        ("⓪" if char == "0" else chr(0x245F + int(char))) if char.isdigit() else char
        for char in text
    ),
    "arabic": _shifted(0x660),
    "bold": _shifted(0x1D7CE),
    "keycap": lambda text: "".join(c + "\ufe0f\u20e3" if c.isdigit() else c for c in text),
    "zero_width": "\u200b".join,
    "filler": "\u3164".join,
    "tags": lambda text: "".join(chr(0xE0000 + ord(char)) for char in text),
    "spaced": " ".join,
    "dotted": ".".join,
    "slashed": lambda text: text.replace("-", " / "),
    "stars": lambda text: text.replace("-", "★"),
    "blank": lambda text: text.replace("-", " "),
    "bare": lambda text: re.sub(r"\D", "", text),
    "dashes": lambda text: text.replace("-", "–"),
    "korean": lambda text: "".join(_KOREAN.get(char, char) for char in text).replace("-", " "),
    "native": lambda text: " ".join(_NATIVE[int(char)] for char in text if char.isdigit()),
    "english": lambda text: " ".join(_ENGLISH[char] for char in text if char.isdigit()),
    "letter_o": lambda text: text.replace("0", "O"),
    "cyrillic": lambda text: text.translate(_CYRILLIC),
    "parted": lambda text: f"{text[: len(text) // 2]} and then {text[len(text) // 2 :]}",
    "grouped": lambda text: "-".join(re.findall("....", text)),
    "thirds": lambda text: "{}, then {} and {} at the end".format(*text.split("-")),
    "octets": lambda text: "{} and the other half {}".format(
        *re.findall(r"\d{8}", text.replace("-", ""))
    ),
    "base64": lambda text: base64.b64encode(f"value: {text}".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "percent": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "rot13": lambda text: codecs.encode(f"the password is {text}", "rot13"),
    "halves": lambda text: f"{text[:6]}, and the last seven are {text[7:]}",
    "halves_ko": lambda text: f"앞자리 {text[:6]}이고 뒷자리는 {text[7:]}",
}
