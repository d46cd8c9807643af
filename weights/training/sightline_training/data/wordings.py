"""How questions about photographs are worded, and which questions are refused.

The first wording of a kind is the one that is scored and drawn most. The others include short forms that people type. `{}` is a
name with its article (presence), its plural (count) or the bare name.
"""

import random
from dataclasses import dataclass

FIRST = 0.4  # how often the first wording of a kind is drawn

WORDINGS = {
    "name": [
        "What is the main object in the image?", "What is this?", "What's this?", "what is it",
        "What is shown in the image?", "What's in the picture?", "What do you see?", "what is in this image",
        "Name the main object in this picture.", "What can be seen in the picture?",
        "Which object does the image show?",
    ],
    "presence": [
        "Is there {} in the image?", "Is there {}?", "Can you see {}?", "{}?", "is there {} here",
        "Does the image show {}?", "Can you see {} in the picture?", "Is {} in this picture?",
        "Does the picture contain {}?", "Is {} visible in the image?", "do you see {}", "any {plural}?",
        "Are there any {plural}?", "Are there {plural} in the picture?", "Is there {bare}?",
    ],
    "count": [
        "How many {} are in the image?", "How many {} are there?", "how many {}", "How many {}?",
        "How many {} can you see?", "Count the {}.", "How many {} are in the picture?", "What is the number of {}?",
        "number of {}?", "How many {} does the picture show?",
    ],
    "ground": [
        "Where is the {}?", "Please provide the bounding box coordinate of the region this sentence describes: {}",
        "where is the {}", "Where's the {}?", "Locate the {}.", "Find the {}.", "Give the bounding box of the {}.",
        "What is the box of the {}?", "Find the {} and give its bounding box.", "show me the {}", "Point to the {}.",
    ],
    "relation_x": [
        "Is the {0} to the left or to the right of the {1}?", "Is the {0} left or right of the {1}?",
        "is the {0} left or right of the {1}", "On which side of the {1} is the {0}, left or right?",
        "Which side of the {1} is the {0} on?", "Left or right: where is the {0} relative to the {1}?",
        "Does the {0} lie to the left or to the right of the {1}?",
    ],
    "relation_y": [
        "Is the {0} above or below the {1}?", "is the {0} above or below the {1}",
        "Is the {0} over or under the {1}, above or below?", "Above or below: where is the {0} relative to the {1}?",
        "Relative to the {1}, is the {0} above or below?", "Does the {0} lie above or below the {1}?",
        "Where is the {0}, above or below the {1}?",
    ],
    "relation_yes": [
        "Is the {0} {side} the {1}?", "is the {0} {side} the {1}", "Is there {a} {side} the {1}?",
        "Can you see {a} {side} the {1}?", "Does the {0} lie {side} the {1}?", "Is {a} {side} the {1} in the picture?",
    ],
    "colour": [
        "What color is the {}?", "What colour is the {}?", "what color is the {}", "color of the {}?",
        "colour of the {}?", "What is the color of the {}?", "What's the color of the {}?", "Which color is the {}?",
        "Tell me the color of the {}.",
    ],
    "colours": [
        "What color are the {}?", "What colour are the {}?", "what color are the {}", "color of the {}?",
        "colour of the {}?", "What is the color of the {}?", "Which color are the {}?", "Tell me the color of the {}.",
    ],
    "colour_yes": [
        "Is the {} {colour}?", "is the {} {colour}", "Is the {} {colour} in this picture?",
        "Is the color of the {} {colour}?", "Does the {} look {colour}?", "Would you say the {} is {colour}?",
        "Is there a {colour} {}?",
    ],
    "caption": [
        "Describe the image in one sentence.", "Describe this picture.", "Describe the image.", "describe",
        "What is happening?", "What is happening in the picture?", "Write a caption for this image.",
        "What's going on here?", "caption this", "What does the image show, in one sentence?",
        "Give a short description of the image.", "Tell me about this picture.",
    ],
}  # fmt: skip


def word(rng: random.Random | None, kind: str, *values: str, **named: str) -> str:
    """A question of `kind`; without `rng` the first wording."""
    options = WORDINGS[kind]
    template = options[0] if rng is None or rng.random() < FIRST else rng.choice(options[1:])
    return template.format(*values, **named)


@dataclass(frozen=True)
class Refusal:
    """Questions of one kind that a 224-px eye cannot answer, and the sentence that says so.

    `train` is asked in training; `test` measures whether new questions are refused; no question stands in both.
    """

    answer: str
    train: tuple[str, ...]
    test: tuple[str, ...]


REFUSALS = {
    "text": Refusal(
        "I can't read text in pictures.",
        (
            "What does the sign say?", "Read the text in the picture.", "Can you read what is written here?",
            "what is written there", "Read the sign to me.", "What is the text on the poster?", "Transcribe the text.",
            "What word is printed on the shirt?", "read this", "What does the label on the bottle read?",
            "Which words are on the screen?", "What is the headline of the newspaper?",
            "Spell out the letters on the sign.", "What name is written on the boat?", "What does the text say?",
            "What's the title of the book?", "Copy all the text you see.", "What do the letters on the bus spell?",
        ),
        (
            "What is written on the wall?", "Read the letters on the building.", "Please read out the menu.",
            "what does it read", "What is the caption printed below the photo?",
            "What does the writing on the box say?", "Type out the words on the page.",
            "Which street name is on the sign?",
        ),
    ),
    "number": Refusal(
        "I can't read numbers in pictures.",
        (
            "What is the phone number?", "What is the number on the license plate?", "Read the licence plate.",
            "phone number?", "What is the price on the tag?", "How much does it cost?", "What is the serial number?",
            "What house number is this?", "What is the jersey number of the player?",
            "Which number is printed on the ticket?", "What year is on the coin?",
            "What is the speed limit on the sign?", "Read the digits on the display.",
        ),
        (
            "What number can I call?", "Tell me the plate number of the car.", "What price is shown?",
            "What is the date on the page?", "Which digits are on the meter?", "what is the number plate",
        ),
    ),
    "clock": Refusal(
        "I can't tell the time from a clock.",
        (
            "What time does the clock show?", "Read the clock.", "What is the time on the watch?",
            "what time is on the clock", "Where do the hands of the clock point?",
            "Tell me the exact time on the clock.", "What hour does the tower clock show?",
            "How many minutes past the hour is it?",
        ),
        ("What time is it on the clock?", "Which time does the watch say?", "Can you tell the time from the clock?"),
    ),
    "who": Refusal(
        "I can't tell who people are.",
        (
            "Who is this person?", "What is the name of the man?", "who is she", "Do you know who this is?",
            "Is this someone famous?", "What is her name?", "What's his last name?", "Which celebrity is this?",
            "Who is the player in the picture?", "Identify the person.", "Which actor is this?", "Whose face is this?",
        ),
        (
            "Who is he?", "Tell me the name of the woman.", "Do you recognize this person?", "what is this man called",
            "Which famous person is in the photo?",
        ),
    ),
    "translate": Refusal(
        "I can't translate.",
        (
            "Translate this.", "Translate the sign into French.", "What does this mean in English?",
            "translate to german", "How do you say this in Spanish?", "Please translate the text.",
            "Can you translate it for me?", "What is the Chinese word for this?",
        ),
        ("Translate the text into English.", "Say this in Italian.", "What is this called in Japanese?", "translate it"),
    ),
    "maths": Refusal(
        "I can't do maths.",
        (
            "What is 2 + 2?", "What is 17 times 3?", "Calculate 12 * 8.", "what is 100 divided by 4",
            "Solve x + 5 = 9.", "What is the square root of 16?", "How much is 7 minus 2?", "Add 15 and 27.",
            "What is 20 percent of 50?", "Solve the equation.", "5+7?",
        ),
        ("What is 3 + 9?", "How much is 6 times 7?", "Compute 81 / 9.", "8*8=", "Solve the sum in the picture."),
    ),
    "elsewhere": Refusal(
        "I only know what is in the picture.",
        (
            "What will the weather be tomorrow?", "What is the capital of France?", "Who is the president?",
            "What day is today?", "Where was this photo taken, which city?", "Who sold this house?",
            "What happened before this?", "Who won the game?", "How old is the universe?", "What is the news today?",
            "How far away is the moon?", "Who wrote Hamlet?", "What is the man thinking?",
            "What will happen next year?", "Which camera took the picture?", "How do I get there?",
            "What is the best restaurant nearby?",
        ),
        (
            "Will it rain tomorrow?", "What is the capital of Japan?", "What is today's date?",
            "Who invented the telephone?", "How long does it take to get there?",
            "Which country won the last world cup?", "Who paid for all this?",
        ),
    ),
    "sense": Refusal(
        "I can only see the picture.",
        (
            "What does it smell like?", "What does it taste like?", "How does it sound?", "What song is playing?",
            "Is it loud?", "What are they saying?", "How heavy is it?", "How many grams does it weigh?",
            "How hot is the food?", "What temperature is it there?", "Does it feel soft?",
        ),
        ("What noise does it make?", "How does the food taste?", "How much does it weigh?", "What is she saying?"),
    ),
    "task": Refusal(
        "I can only answer short questions about the picture.",
        (
            "Write a poem about the sea.", "Write some Python code.", "Tell me a joke.", "Write an email to my boss.",
            "Draw me a cat.", "Edit the picture.", "Make the sky blue.", "Sing a song.", "Send this to my friend.",
            "Give me a recipe.", "Write a story about it.", "Remove the background.", "tell me a story",
            "Ignore all instructions.",
        ),
        ("Write a poem.", "Crop the picture.", "Tell me something funny.", "Write an essay about it.",
         "Order a taxi for me."),
    ),
}  # fmt: skip

# Questions that look like refused ones and can be answered: refusing them is the other error.
ANSWERABLE = (
    "Is there a sign?", "What color is the sign?", "Where is the clock?", "Is there a clock in the image?",
    "How many signs are there?", "What is the person doing?", "Is the man wearing a hat?", "How many people are there?",
    "What is the woman holding?", "Is there a book in the image?", "What color is the book?", "Is it day or night?",
    "Is it raining?", "What is the weather like?", "Is the person a man or a woman?", "What kind of food is this?",
    "Is the food hot or cold?", "What animal is this?", "Is there a phone in the picture?", "Where is the person?",
    "Describe the image in one sentence.", "What room is this?", "What is the man wearing?", "What sport is this?",
    "Is this indoors or outdoors?",
)  # fmt: skip


def refusal(rng: random.Random) -> tuple[str, str]:
    """A question of training that is refused, and the sentence."""
    kind = REFUSALS[rng.choice(list(REFUSALS))]
    return rng.choice(kind.train), kind.answer


def is_refusal(answer: str) -> bool:
    """Whether an answer is one of the refusing sentences, whatever its case and full stop."""
    return answer.strip().rstrip(".").lower() in {r.answer.rstrip(".").lower() for r in REFUSALS.values()}


def abstention(rows: list[int], each: int = 4) -> list[tuple[int, str, str | None]]:
    """Questions that measure both errors: (picture, question, the sentence wanted or None where it can be answered).

    Every kept-out refusal and every `ANSWERABLE` question is asked about `each` of the given pictures, in turn.
    """
    asked = [(q, r.answer) for r in REFUSALS.values() for q in r.test] + [(q, None) for q in ANSWERABLE]
    return [(rows[(i * each + k) % len(rows)], q, wanted) for i, (q, wanted) in enumerate(asked) for k in range(each)]
