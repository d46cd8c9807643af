"""The 80 things of COCO, and which of the older names (`names.NAMES`) are the same thing or a kind of it.

A label of one set says something about the names of another: a golden retriever is a dog, and where COCO's box says "dog" a
golden retriever may well stand. `relation` is that knowledge as a table, for losses and for scores.
"""

import torch

from ..classes import TINY_NAMES

GROUPS = {
    "person": ["person"],
    "vehicle": ["bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"],
    "outdoor thing": ["traffic light", "fire hydrant", "stop sign", "parking meter", "bench"],
    "animal": ["bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"],
    "accessory": ["backpack", "umbrella", "handbag", "tie", "suitcase"],
    "sports thing": [
        "frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
        "tennis racket",
    ],
    "kitchen thing": ["bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl"],
    "food": ["banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake"],
    "furniture": ["chair", "couch", "potted plant", "bed", "dining table", "toilet"],
    "electronic thing": ["tv", "laptop", "mouse", "remote", "keyboard", "cell phone"],
    "appliance": ["microwave", "oven", "toaster", "sink", "refrigerator"],
    "indoor thing": ["book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush"],
}  # fmt: skip
COCO_NAMES = [name for members in GROUPS.values() for name in members]
COCO_INDEX = {name: i for i, name in enumerate(COCO_NAMES)}
GROUP_OF = {name: group for group, members in GROUPS.items() for name in members}

# Older names that mean a COCO thing.
SAME = {
    "backpack": "backpack", "banana": "banana", "computer keyboard": "keyboard", "dining table": "dining table",
    "orange": "orange", "parking meter": "parking meter", "pizza": "pizza", "refrigerator": "refrigerator",
    "remote control": "remote", "teddy": "teddy bear", "umbrella": "umbrella", "airplanes": "airplane",
    "cellphone": "cell phone", "chair": "chair", "cup": "cup", "elephant": "elephant", "laptop": "laptop",
    "motorbikes": "motorcycle", "scissors": "scissors", "stop sign": "stop sign", "car side": "car",
}  # fmt: skip
# COCO thing -> older names of things that are one.
KINDS = {
    "dog": [
        "Chihuahua", "Yorkshire terrier", "golden retriever", "Labrador retriever", "German shepherd", "standard poodle",
        "English springer", "dalmatian",
    ],
    "cat": ["tabby", "Persian cat", "Egyptian cat"],
    "bird": [
        "goose", "black stork", "king penguin", "albatross", "emu", "flamingo", "flamingo head", "ibis", "pigeon", "rooster",
    ],
    "bear": ["brown bear"], "cow": ["ox"], "sheep": ["bighorn"], "elephant": ["African elephant"],
    "car": ["beach wagon", "convertible", "limousine", "sports car"], "bus": ["school bus", "trolleybus"],
    "truck": ["moving van", "garbage truck"], "train": ["bullet train", "freight car"],
    "boat": ["gondola", "lifeboat", "ferry", "ketch", "schooner"], "bottle": ["beer bottle", "pop bottle", "pill bottle"],
    "tie": ["bow tie"], "chair": ["rocking chair", "windsor chair"], "book": ["comic book"], "spoon": ["wooden spoon"],
    "sports ball": ["basketball", "rugby ball", "volleyball", "golf ball", "soccer ball"], "potted plant": ["bonsai"],
}  # fmt: skip
# Neither sure to be one nor sure not to be: COCO's annotators may have boxed it, or it is worn or
# held by what they boxed.
UNSURE = {
    "person": [
        "academic gown", "apron", "bikini", "cardigan", "fur coat", "gasmask", "jinrikisha", "kimono", "military uniform",
        "miniskirt", "neck brace", "poncho", "snorkel", "sock", "sombrero", "sunglasses", "swimming trunks", "vestment",
        "sandal", "barbershop", "faces", "faces easy", "buddha",
    ],
    "cat": ["cougar", "lion", "leopards", "cougar body", "cougar face", "wild cat", "garfield"], "dog": ["snoopy"],
    "bear": ["lesser panda", "panda", "koala"], "cow": ["bison", "hog"], "sheep": ["gazelle", "llama"],
    "giraffe": ["okapi", "gerenuk"], "zebra": ["okapi"], "car": ["police van", "go-kart", "moving van"],
    "truck": ["police van", "tractor", "beach wagon"], "bicycle": ["jinrikisha"], "train": ["trolleybus"],
    "bus": ["moving van", "police van"], "airplane": ["helicopter"], "kite": ["parachute"], "skateboard": ["inline skate"],
    "bottle": ["water jug", "beaker"], "cup": ["espresso", "beaker", "ewer"], "vase": ["ewer", "water jug"],
    "bowl": ["plate", "wok", "bucket", "mashed potato", "guacamole", "frying pan"], "knife": ["plate"], "fork": ["plate"],
    "dining table": ["desk", "plate", "confectionery", "altar"], "chair": ["wheelchair"], "cake": ["potpie", "confectionery"],
    "broccoli": ["cauliflower"], "orange": ["lemon"], "clock": ["hourglass", "stopwatch", "magnetic compass", "watch"],
    "cell phone": ["iPod", "pay-phone"], "tv": ["scoreboard", "cash machine"], "potted plant": ["sunflower", "lotus"],
    "sandwich": ["meat loaf"], "handbag": ["backpack"], "suitcase": ["chest"], "sink": ["bathtub"],
}  # fmt: skip
COCO_OF = SAME | {name: coco for coco, names in KINDS.items() for name in names}


def coco_of(name: str) -> str | None:
    """The COCO thing that `name` is or is a kind of."""
    return name if name in COCO_INDEX else COCO_OF.get(name)


# The dense head's classes: Tiny ImageNet's 200 under their labels, then the things of COCO that are
# not among them.
DENSE_NAMES = [*TINY_NAMES, *(c for c in COCO_NAMES if c not in {SAME[t] for t in TINY_NAMES if t in SAME})]
_DENSE_OF = {SAME.get(name, name): i for i, name in enumerate(DENSE_NAMES)}
DENSE_OF_COCO = [_DENSE_OF[name] for name in COCO_NAMES]  # COCO class -> the dense head's class


def relation(names: list[str] | None = None) -> torch.Tensor:
    """What a COCO label says about each of `names` (default: the dense head's), `[80, len(names)]` int8.

    1: the thing itself or a kind of it; -1: may be one, neither right nor wrong; 0: something else.
    """
    names = DENSE_NAMES if names is None else names
    table = torch.zeros(len(COCO_NAMES), len(names), dtype=torch.int8)
    for k, name in enumerate(names):
        for c, coco in enumerate(COCO_NAMES):
            if name in UNSURE.get(coco, ()):
                table[c, k] = -1
        if (coco := coco_of(name)) is not None:
            table[COCO_INDEX[coco], k] = 1
    return table


def coco_label(names: list[str]) -> torch.Tensor:
    """The COCO class that each of `names` is or is a kind of, -1 where there is none. `[len(names)]` int64"""
    return torch.tensor([COCO_INDEX.get(coco_of(n), -1) for n in names])
