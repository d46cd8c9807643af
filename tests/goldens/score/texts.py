"""Texts that reach every branch of the answer normalisers, and predictions with answers made of them."""

from random import Random

NUMBERS = ["none", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]
PLAIN = [
    "red",
    "blue",
    "cat",
    "dog",
    "yes",
    "no",
    "left",
    "stop sign",
    "frisbee",
    "2",
    "10",
    "tennis",
    "on table",
    "wii",
]
TABLES = 120 + len(NUMBERS)  # contractions and number words, with which `predictions` begins
ARTICLES = ["a", "an", "the", "A", "An", "THE"]
MARKS = ';/[]"{}()=+\\_-><@`,?!' + ".:'#%&*|~^$"
SPACES = [
    "\t",
    "\n",
    "\r",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1f",
    "\x85",
    "\xa0",
    "\u2003",
    "\u2028",
    "\u3000",
    "\u200b",
    "\ufeff",
]
DIGITS = ["1", "7", "\u0663", "\u096a", "\uff15", "\U0001d7d8", "\xb2", "\u2460"]
CASES = [
    "\u0130stanbul",
    "STRASSE",
    "\u1e9e",
    "\u039f\u0394\u039f\u03a3",
    "\u03a3",
    "\u03a3A",
    "\u212a",
    "\u01c5",
    "\u1c90",
    "ISN'T",
    "\xc9",
]


def around_marks() -> list[str]:
    """Every mark alone, beside a space on either side, doubled, and with a comma between digits elsewhere."""
    texts = []
    for mark in MARKS:
        shapes = [
            "{m}",
            "x{m}y",
            "x{m} y",
            "x {m}y",
            "x {m} y",
            "x{m}y z{m}w",
            "x{m}y z{m} w",
            "x{m}y z {m}w",
            "x{m}{m}y",
        ]
        shapes += [
            "1,000 x{m}y",
            "{m}x",
            "x{m}",
            " x{m}y ",
            "x{m}y\n",
            "x-y{m} z",
            "x{m}y -z",
            "1{m}2",
            "1{m} 2",
            "x{m}-y-z",
        ]
        texts += [shape.format(m=mark) for shape in shapes]
    return texts


def digits_and_stops() -> list[str]:
    texts = []
    for a in DIGITS:
        for b in DIGITS:
            texts += [f"{a},{b} x-y", f"{a}.{b}", f"{a}, {b} x-y", f"x{a}.", f".{b}", f"{a}-{b}"]
    texts += ["." * count + tail for count in (1, 2, 31, 32, 33, 40, 65) for tail in ("", "x", "5", " 5", "x.5.")]
    texts += ["a." * count for count in (31, 32, 33, 34, 64)]
    texts += ["1,2,3", ",1", "1,", "1,,2", "1,a", "a,1", "p.m.", "3.50 dollars", "5 p.m.", "u.s.a.", "1,2.3", "x.1,2"]
    return texts


def spaces() -> list[str]:
    texts = []
    for space in SPACES:
        shapes = [
            "{s}x-y",
            "x-y{s}",
            "x{s}y",
            "x-{s}y-z",
            "x{s}-y-z",
            "a{s}dog",
            "{s}",
            "two{s}{s}dogs",
            " {s}x-y- {s}",
            "x-y-{s}",
        ]
        texts += [shape.format(s=space) for shape in shapes]
    return texts + ["", " ", "x-y-", "-x-y", "  two   dogs "]


def special(contractions: list[str]) -> list[str]:
    """Texts that each reach a branch, none by chance."""
    texts = (
        list(contractions)
        + NUMBERS
        + [word.upper() for word in contractions[::7]]
        + [word + "." for word in contractions[::5]]
    )
    texts += [f"{article} {word}" for article in ARTICLES for word in ("dog", "two", "a", "")]
    texts += [word.capitalize() for word in NUMBERS] + [f"{word} dogs" for word in NUMBERS]
    texts += (
        CASES
        + [f"the {word}'s" for word in CASES]
        + ["dog's", "dogs'", "it's", "IT'S", "a's", "'s", "s's's", "what?no", "a,b"]
    )
    texts += [
        "unanswerable",
        "Unanswerable",
        "Unanswerable.",
        "un-answerable",
        "the unanswerable",
        "unanswerable\n",
        "unsuitable",
    ]
    texts += ["un answerable", " unanswerable ", "unanswerable!", "UNANSWERABLE", "[unanswerable]", "a unanswerable a"]
    return texts + around_marks() + digits_and_stops() + spaces()


def mixed(random: Random, vocabulary: list[str]) -> str:
    """A few pieces in a row, as no person would write them."""
    pieces = []
    for _ in range(random.randint(1, 6)):
        kind = random.randrange(8)
        pieces.append(
            random.choice(vocabulary)
            if kind < 2
            else random.choice([random.choice(MARKS), " ", random.choice(SPACES), random.choice(DIGITS)])
            if kind < 5
            else random.choice(PLAIN + NUMBERS + ARTICLES)
        )
        if random.random() < 0.5:
            pieces.append(random.choice([" ", " ", random.choice(MARKS)]))
    return "".join(pieces)


def answers_for(random: Random, prediction: str, forms: list[str], sure: bool, count: int = 10) -> list[str]:
    """`count` given answers, of which some are a form of the prediction that the official code may take for equal.

    With `sure`, three are the first form: so that a slip in any line of a table of words shows.
    """
    others = random.sample(PLAIN, 3)
    if sure:
        return [forms[0]] * 3 + [random.choice(others) for _ in range(count - 3)]
    matching = random.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 7, 9, count])
    if random.random() < 0.7:
        form = random.choice(forms)
        same = [form] * matching
    else:
        same = [random.choice([*forms, prediction]) for _ in range(matching)]
    if random.random() < 0.15:
        others = others[:1]  # nearly or wholly of one opinion
    answers = (same + [random.choice(others) for _ in range(count)])[:count]
    random.shuffle(answers)
    return answers


def predictions(random: Random, contractions: list[str], count: int) -> list[str]:
    """All special texts, contractions and number words first, then mixed ones up to `count`."""
    texts = special(contractions)
    assert len(texts) < count, len(texts)
    return texts + [mixed(random, contractions) for _ in range(count - len(texts))]
