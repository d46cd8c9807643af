"""Which samples the official totals are taken of: all, random parts, and parts where the last bit decides."""

from random import Random


def near_ties(most: int) -> list[tuple[int, int]]:
    """Numbers of right answers and of samples whose percentage Python rounds otherwise than one might think.

    First those where the order of multiplication and division decides, then exact ties, which go to the even digit.
    """
    found = []
    for count in range(1, most):
        for right in range(1, count):
            first, last = round(100 * (right / count), 2), round(100 * right / count, 2)
            tie = 100 * right / count * 1000 % 10 == 5
            if first != last or tie:
                found.append((right, count))
    return sorted(found, key=lambda pair: round(100 * (pair[0] / pair[1]), 2) == round(100 * pair[0] / pair[1], 2))


def subsets(random: Random, scores: list[float | None]) -> list[list[int]]:
    """Lists of places in `scores`; where a score is None the official code stops, and it is left out."""
    usable = [at for at, score in enumerate(scores) if score is not None]
    right = [at for at in usable if scores[at] == 1]
    wrong = [at for at in usable if scores[at] == 0]
    found = [usable] + [random.sample(usable, random.choice([1, 2, 3, 7, 30, 100])) for _ in range(60)]
    ties = [(a, b) for a, b in near_ties(900) if a <= len(right) and b - a <= len(wrong)]
    for few, count in ties[:6] + random.sample(ties[6:], 8):
        part = random.sample(right, few) + random.sample(wrong, count - few)
        random.shuffle(part)
        found.append(part)
    return found
