"""Other words for the things of COCO: what captions, questions and people typing call them.

`Mentions` finds the things that a text speaks of. It is used to be sure that an "absent" thing is not spoken of, so it is
generous: every word that may mean the thing counts.
"""

import re

from .kinds import COCO_INDEX, COCO_NAMES

# Words that mean the thing, or a kind of it, in captions and questions; regular plurals are added.
SYNONYMS = {
    "person": [
        "man", "men", "woman", "women", "boy", "girl", "child", "children", "kid", "baby", "toddler", "infant", "guy",
        "lady", "gentleman", "gentlemen", "people", "player", "batter", "pitcher", "catcher", "umpire", "surfer",
        "skier", "snowboarder", "skateboarder", "rider", "cyclist", "bicyclist", "biker", "motorcyclist", "driver",
        "pedestrian", "crowd", "passenger", "worker", "chef", "cook", "policeman", "policemen", "officer", "soldier",
        "student", "teacher", "couple", "family", "friend", "teenager", "adult", "human", "someone", "skater", "runner",
        "athlete", "fan", "audience", "bride", "groom", "daughter", "son", "mother", "father", "mom", "dad", "tourist",
        "jockey", "cowboy", "tennis player", "team", "group", "hiker", "climber", "dancer", "musician", "swimmer",
        "fisherman", "fishermen", "sister", "brother", "youth", "elderly", "spectator", "farmer", "waiter", "waitress",
        "doctor", "clown", "model", "performer", "hand", "face", "he", "she", "persons", "businessman", "firefighter",
        "fireman", "goalie", "wife", "husband", "shopper", "hitter", "guys", "ladies",
    ],
    "bicycle": ["bike", "cycle", "tricycle", "bmx"],
    "car": [
        "automobile", "sedan", "taxi", "cab", "suv", "van", "minivan", "jeep", "vehicle", "convertible", "limo",
        "limousine", "traffic", "hatchback", "police car", "station wagon",
    ],
    "motorcycle": [
        "motorbike", "bike", "moped", "scooter", "motor bike", "dirt bike", "dirtbike", "vespa", "motor cycle",
    ],
    "airplane": [
        "plane", "aeroplane", "jet", "airliner", "aircraft", "jetliner", "biplane", "fighter jet", "air plane",
        "seaplane",
    ],
    "bus": ["buses", "busses", "double decker", "double-decker", "coach", "trolley", "minibus", "vehicle", "shuttle"],
    "train": [
        "locomotive", "subway", "tram", "railway", "railroad", "train car", "caboose", "steam engine", "trolley",
        "metro",
    ],
    "truck": [
        "pickup", "pick-up", "lorry", "semi", "tractor trailer", "van", "fire engine", "vehicle", "dump truck",
        "firetruck", "trailer", "tow truck",
    ],
    "boat": [
        "ship", "sailboat", "canoe", "kayak", "ferry", "yacht", "raft", "vessel", "rowboat", "barge", "tugboat",
        "gondola", "motorboat", "speedboat", "sail", "dinghy", "paddle boat",
    ],
    "traffic light": [
        "stoplight", "stop light", "traffic signal", "street light", "signal", "red light", "green light",
    ],
    "fire hydrant": ["hydrant", "fire plug"], "stop sign": ["stop", "stopsign", "sign"], "parking meter": ["meter"],
    "bench": ["benches", "park bench", "seat", "pew"],
    "bird": [
        "seagull", "gull", "pigeon", "duck", "goose", "geese", "owl", "parrot", "eagle", "hawk", "swan", "penguin",
        "chicken", "rooster", "hen", "turkey", "crow", "sparrow", "flamingo", "ostrich", "peacock", "pelican",
        "parakeet", "stork", "heron", "crane", "robin", "dove", "cockatoo", "hummingbird", "finch", "raven", "vulture",
        "toucan", "macaw", "duckling",
    ],
    "cat": ["kitten", "kitty", "feline", "tabby", "kittens", "calico", "siamese"],
    "dog": [
        "puppy", "puppies", "pup", "canine", "poodle", "terrier", "retriever", "bulldog", "labrador", "lab", "shepherd",
        "beagle", "dachshund", "chihuahua", "pug", "collie", "dalmatian", "husky", "corgi", "hound", "greyhound",
        "spaniel", "pet", "doggy",
    ],
    "horse": ["pony", "ponies", "foal", "mare", "stallion", "colt", "donkey", "mule", "zebra", "bronco"],
    "sheep": ["lamb", "ram", "ewe", "goat", "flock", "sheeps"],
    "cow": [
        "cattle", "bull", "calf", "calves", "ox", "oxen", "heifer", "steer", "bovine", "herd", "bison", "buffalo",
        "yak",
    ],
    "elephant": [], "bear": ["polar bear", "grizzly", "panda", "cub", "teddy", "koala"], "zebra": [], "giraffe": [],
    "backpack": ["rucksack", "knapsack", "bag", "back pack", "bookbag", "pack"], "umbrella": ["parasol"],
    "handbag": ["purse", "bag", "tote", "shoulder bag", "hand bag", "clutch"],
    "tie": ["necktie", "bow tie", "bowtie", "suit", "neck tie"],
    "suitcase": ["luggage", "baggage", "briefcase", "trunk", "bag", "suit case", "carry-on", "duffel"],
    "frisbee": ["disc", "disk", "flying disc", "frisbees", "freebie", "frisbe"], "skis": ["ski", "skiing", "skier"],
    "snowboard": ["snow board", "snowboarding", "snowboarder", "board"],
    "sports ball": [
        "ball", "baseball", "basketball", "football", "soccer", "volleyball", "tennis", "rugby", "golf", "softball",
        "soccer ball", "tennis ball", "bowling ball", "beach ball", "cricket",
    ],
    "kite": ["parasail", "kites", "kiting", "parachute"],
    "baseball bat": ["bat", "batter", "batting", "baseball", "hitter", "swing", "swinging", "ball bat"],
    "baseball glove": ["glove", "mitt", "catcher", "pitcher", "baseball", "outfielder"],
    "skateboard": ["skate board", "skateboarding", "skateboarder", "skater", "longboard", "skating", "board"],
    "surfboard": ["surf board", "surfing", "surfer", "board", "surf", "paddleboard", "paddle board"],
    "tennis racket": ["racket", "racquet", "tennis", "tennis racquet", "badminton"],
    "bottle": ["wine bottle", "beer", "water bottle", "jar", "flask", "bottled", "ketchup", "wine", "soda"],
    "wine glass": ["wine", "wineglass", "goblet", "glass", "glasses of wine", "champagne", "glasses"],
    "cup": [
        "mug", "coffee", "teacup", "glass", "drink", "tumbler", "beverage", "tea", "cappuccino", "latte", "cups of",
    ],
    "fork": ["silverware", "cutlery", "utensil"],
    "knife": ["knives", "blade", "silverware", "cutlery", "utensil", "scissors"],
    "spoon": ["ladle", "silverware", "cutlery", "utensil", "spatula"],
    "bowl": ["dish", "soup", "cereal", "salad", "basin"], "banana": ["plantain", "fruit"], "apple": ["fruit"],
    "orange": ["tangerine", "mandarin", "clementine", "citrus", "fruit", "grapefruit"],
    "sandwich": [
        "sandwiches", "burger", "hamburger", "cheeseburger", "sub", "wrap", "toast", "hoagie", "panini", "bun", "bagel",
        "blt", "grilled cheese", "burrito",
    ],
    "broccoli": ["vegetable", "veggie", "veggies", "salad", "brocolli", "brocoli", "greens"],
    "carrot": ["vegetable", "veggie", "veggies", "salad"],
    "hot dog": ["hotdog", "sausage", "frankfurter", "bratwurst", "chili dog", "wiener", "bun"],
    "pizza": ["slice", "pie", "pepperoni", "flatbread"],
    "donut": ["doughnut", "pastry", "pastries", "dessert", "bagel", "eclair"],
    "cake": [
        "cupcake", "dessert", "cheesecake", "pastry", "pastries", "muffin", "brownie", "pie", "birthday", "icing",
        "frosting", "wedding cake",
    ],
    "chair": [
        "seat", "armchair", "stool", "recliner", "seating", "wheelchair", "throne", "rocker", "lounge", "furniture",
    ],
    "couch": ["couches", "sofa", "loveseat", "love seat", "settee", "futon", "furniture", "sectional"],
    "potted plant": [
        "plant", "flower pot", "houseplant", "flowerpot", "flower", "shrub", "fern", "potted", "bonsai", "cactus",
        "planter",
    ],
    "bed": ["mattress", "bunk", "cot", "crib", "bedroom", "bedding", "hotel room"],
    "dining table": ["table", "desk", "counter", "tabletop", "picnic table"],
    "toilet": ["commode", "urinal", "bathroom", "restroom", "lavatory", "bidet", "latrine", "outhouse", "washroom"],
    "tv": [
        "television", "screen", "monitor", "tv screen", "flat screen", "flatscreen", "wii", "video game", "televisions",
    ],
    "laptop": ["computer", "notebook", "macbook", "lap top", "pc", "netbook"], "mouse": ["mice", "computer"],
    "remote": ["controller", "wii", "remote control", "wiimote", "nintendo", "video game", "control", "gaming"],
    "keyboard": ["computer", "laptop", "keypad", "keys", "piano", "typewriter"],
    "cell phone": [
        "phone", "cellphone", "smartphone", "mobile", "iphone", "telephone", "camera", "blackberry", "smart phone",
        "device",
    ],
    "microwave": ["oven", "appliance", "kitchen"],
    "oven": ["stove", "range", "cooker", "microwave", "appliance", "kitchen", "stovetop"],
    "toaster": ["appliance", "toaster oven", "oven"],
    "sink": ["basin", "faucet", "washbasin", "bathroom", "kitchen", "restroom"],
    "refrigerator": ["fridge", "freezer", "appliance", "kitchen", "frig", "refridgerator", "cooler"],
    "book": [
        "novel", "magazine", "notebook", "textbook", "bookshelf", "bookcase", "reading", "library", "books",
        "bookshelves",
    ],
    "clock": ["watch", "clocktower", "clock tower", "time", "steeple", "tower"],
    "vase": ["vases", "urn", "pot", "jar", "pitcher", "flower"], "scissors": ["scissor", "shears", "clippers"],
    "teddy bear": ["teddy", "stuffed animal", "stuffed bear", "plush", "toy", "bear", "stuffed"],
    "hair drier": ["hair dryer", "hairdryer", "blow dryer", "dryer", "blowdryer", "drier", "hairdrier"],
    "toothbrush": ["tooth brush", "brushing", "brush", "brushes", "toothpaste"],
}  # fmt: skip
# Words that mean just this thing, fit to ask with and to take as an answer for it.
EXACT = {
    "person": ["person", "man", "woman", "boy", "girl", "child", "guy", "lady", "baby", "kid"],
    "bicycle": ["bicycle", "bike"], "car": ["car", "automobile", "taxi"], "motorcycle": ["motorcycle", "motorbike"],
    "airplane": ["airplane", "plane", "jet", "aeroplane"], "bus": ["bus"], "train": ["train", "locomotive"],
    "truck": ["truck", "pickup truck"], "boat": ["boat", "sailboat", "ship"],
    "traffic light": ["traffic light", "stoplight", "traffic signal"], "fire hydrant": ["fire hydrant", "hydrant"],
    "bird": ["bird", "seagull", "duck", "pigeon", "owl", "parrot", "swan"], "cat": ["cat", "kitten", "kitty"],
    "dog": ["dog", "puppy"], "horse": ["horse", "pony"], "sheep": ["sheep", "lamb"], "cow": ["cow", "bull", "calf"],
    "backpack": ["backpack", "rucksack"], "umbrella": ["umbrella", "parasol"], "handbag": ["handbag", "purse"],
    "tie": ["tie", "necktie"], "suitcase": ["suitcase"], "frisbee": ["frisbee"], "sports ball": ["ball", "sports ball"],
    "skateboard": ["skateboard"], "tennis racket": ["tennis racket", "racket"], "cup": ["cup", "mug"],
    "donut": ["donut", "doughnut"], "couch": ["couch", "sofa"], "potted plant": ["potted plant", "plant"],
    "dining table": ["dining table", "table"], "tv": ["tv", "television"], "remote": ["remote", "remote control"],
    "cell phone": ["cell phone", "phone", "cellphone", "mobile phone"], "refrigerator": ["refrigerator", "fridge"],
    "teddy bear": ["teddy bear", "teddy"], "hot dog": ["hot dog", "hotdog"], "hair drier": ["hair drier", "hair dryer"],
    "oven": ["oven", "stove"], "bear": ["bear"], "laptop": ["laptop", "laptop computer"],
}  # fmt: skip

PLURALS = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "knife": "knives", "mouse": "mice",
    "sheep": "sheep",
    "skis": "skis", "scissors": "scissors", "calf": "calves", "lady": "ladies", "baby": "babies", "puppy": "puppies",
    "pony": "ponies",
    "kitty": "kitties", "broccoli": "broccoli", "teddy": "teddies", "aircraft": "aircraft", "luggage": "luggage",
}  # fmt: skip


def plural(name: str) -> str:
    head, _, last = name.rpartition(" ")
    many = PLURALS.get(last) or last + ("es" if last.endswith(("s", "ch", "sh", "x")) else "s")
    return f"{head} {many}".strip()


def exact_words(coco: str) -> list[str]:
    return EXACT.get(coco, [coco])


class Mentions:
    """Finds the things of COCO that a text may speak of."""

    def __init__(self):
        meaning: dict[str, set[int]] = {}
        for name in COCO_NAMES:
            for word in {name, *SYNONYMS.get(name, []), *EXACT.get(name, [])}:
                for form in (word, plural(word)):
                    meaning.setdefault(form, set()).add(COCO_INDEX[name])
        self.meaning = {word: frozenset(things) for word, things in meaning.items()}
        self.longest = max(len(word.split()) for word in self.meaning)

    def __call__(self, *texts: str) -> set[int]:
        """Classes that the texts may speak of, each word and each run of words looked up."""
        found: set[int] = set()
        for text in texts:
            words = re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower().replace("'s", " "))
            for i in range(len(words)):
                for size in range(1, self.longest + 1):
                    found |= self.meaning.get(" ".join(words[i : i + size]), frozenset())
        return found
