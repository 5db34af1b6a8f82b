"""The words for everything: synonyms of each slot, and the ones that training never reads.

A `!` in front marks wording that is held out: it occurs in test captions only. In deeds, `~` marks verbs that are
inflected, `{prop}` stands for "a (red) kite", and `{his}` for the possessive of the subject.
"""

from __future__ import annotations

from ral_core.world.vocabulary import ANIMALS, HUMANS, INDOOR, OUTDOOR

PEOPLE = HUMANS[:4]

NOUNS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("man",), ("man", "man", "guy", "fellow", "!gentleman")),
    (("woman",), ("woman", "woman", "lady")),
    (("boy",), ("boy", "boy", "little boy", "young boy", "!lad")),
    (("girl",), ("girl", "girl", "little girl", "young girl")),
    (("robot",), ("robot", "robot", "little robot", "metal robot", "!android")),
    (("dog",), ("dog", "dog", "puppy", "!doggy")),
    (("cat",), ("cat", "cat", "kitten", "!kitty")),
)
"""Nouns that say the kind exactly. Grown-ups are never called boy or girl, and neither are children man or woman."""

GENERAL_NOUNS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("boy", "girl"), ("kid", "child", "!youngster")),
    (("man", "woman"), ("adult", "grown-up")),
    (PEOPLE, ("person", "person", "!human")),
    ((*PEOPLE, "robot"), ("someone", "someone", "somebody")),
    (ANIMALS, ("animal", "pet", "!furry animal")),
)
"""Nouns that leave the kind open among several."""

NAMELESS = ("someone", "somebody")
"""Nouns without an article."""

PRONOUNS = {"man": "he", "boy": "he", "woman": "she", "girl": "she", "robot": "it", "dog": "it", "cat": "it"}
POSSESSIVES = {"he": "his", "she": "her", "it": "its"}

HAIR_ADJECTIVES = {
    "blonde": ("blonde", "blond-haired", "!fair-haired"),
    "red": ("red-haired", "red-headed", "!ginger-haired"),
    "black": ("black-haired", "dark-haired"),
    "brown": ("brown-haired", "dark-haired"),
    "grey": ("grey-haired", "gray-haired"),
    "bald": ("bald", "bald-headed"),
}
HAIR_NOUNS = {
    "blonde": ("blonde hair", "!golden hair"),
    "red": ("red hair",),
    "black": ("black hair", "dark hair"),
    "brown": ("brown hair", "dark hair"),
    "grey": ("grey hair", "!silver hair"),
    "bald": ("no hair",),
}
DARK_HAIR = ("black", "brown")
"""Colours that "dark hair" may mean."""

FUR_ADJECTIVES = {
    "brown": ("brown",),
    "black": ("black",),
    "white": ("white",),
    "orange": ("orange", "!ginger"),
    "grey": ("grey", "gray"),
}
HATS_SAID = {
    "cap": ("cap", "baseball cap"),
    "beanie": ("woolly hat", "beanie", "!bobble hat"),
    "sun": ("sun hat", "straw hat"),
}
GLASSES_SAID = ("glasses", "glasses", "!spectacles")
GARMENTS = {
    "dress": (("dress",), ("dress", "dress", "!gown")),
    "tshirt": (("tshirt",), ("t-shirt",)),
    "sweater": (("sweater",), ("sweater", "!pullover")),
    "shirt": (("tshirt", "sweater"), ("shirt", "shirt", "top")),
}
"""Wordings for clothes with the garments that they are true of."""
ROBOT_CHESTS = ("panel", "chest", "chest plate")

PROPS = {
    "kick": ("ball", "soccer ball"),
    "play": ("ball", "!toy ball"),
    "read": ("book", "book", "!storybook"),
    "water": ("watering can",),
    "umbrella": ("umbrella", "umbrella", "!parasol"),
    "bike": ("bike", "bicycle"),
    "guitar": ("guitar", "acoustic guitar"),
    "cook": ("pot", "cooking pot", "!saucepan"),
    "kite": ("kite",),
    "sleep": ("blanket", "blanket", "!quilt"),
    "drink": ("cup", "mug"),
    "balloon": ("balloon",),
    "icecream": ("ice cream", "ice cream cone"),
    "dogwalk": ("leash", "!lead"),
    "skateboard": ("skateboard",),
    "drum": ("drum", "big drum"),
    "eat": ("bowl", "food bowl"),
}
"""Nouns for what an action holds."""

DEEDS: dict[str, tuple[str, ...]] = {
    "walk": (
        "~walk along",
        "~walk around",
        "~go for a walk",
        "~take a walk",
        "~wander around",
        "!~stroll along",
    ),
    "run": ("~run", "~run fast", "~run along", "~race past", "~sprint", "!~dash by"),
    "jump": ("~jump up and down", "~jump", "~jump into the air", "~hop up and down", "!~leap up"),
    "kick": (
        "~kick {prop}",
        "~kick {prop} around",
        "~play soccer with {prop}",
        "~play soccer",
        "!~dribble {prop}",
    ),
    "juggle": (
        "~juggle",
        "~juggle balls",
        "~juggle four balls",
        "~toss balls in the air",
        "!~do a juggling trick",
    ),
    "read": ("~read {prop}", "~read", "~sit and ~read {prop}", "~look at {prop}", "!~leaf through {prop}"),
    "water": (
        *(
            "~water the flowers",
            "~water the plants",
            "~water the flowers with {prop}",
            "~water plants with {prop}",
        ),
        *("~give the flowers some water", "!~sprinkle the flowers with {prop}"),
    ),
    "umbrella": (
        "~hold {prop}",
        "~open {prop}",
        "~stand under {prop}",
        "~put up {prop}",
        "!~shelter under {prop}",
    ),
    "bike": ("~ride {prop}", "~cycle on {prop}", "~go for a ride on {prop}", "~pedal {prop}", "!~cycle past"),
    "guitar": (
        "~play {prop}",
        "~play the guitar",
        "~play a song on {prop}",
        "~make music with {prop}",
        "!~strum {prop}",
    ),
    "cook": (
        "~cook",
        "~cook something in {prop}",
        "~make soup in {prop}",
        "~prepare a meal",
        "~stir {prop}",
        "!~boil soup in {prop}",
    ),
    "kite": ("~fly {prop}", "~fly {prop}", "~play with {prop}", "~hold {prop} on a string", "!~steer {prop}"),
    "sleep": (
        "~sleep",
        "~sleep under {prop}",
        "~take a nap",
        "~nap under {prop}",
        "~be fast asleep",
        "!~snooze",
    ),
    "dance": (
        "~dance",
        "~dance to music",
        "~dance around",
        "~show some dance moves",
        "!~groove to the music",
    ),
    "drink": (
        "~drink from {prop}",
        "~have a hot drink",
        "~take a sip from {prop}",
        "~drink out of {prop}",
        "!~sip from {prop}",
    ),
    "paint": (
        "~paint",
        "~paint a picture",
        "~paint at an easel",
        "~work on a painting",
        "!~work on a canvas",
    ),
    "sweep": (
        "~sweep with a broom",
        "~sweep",
        "~clean up with a broom",
        "~use a broom",
        "!~tidy up with a broom",
    ),
    "wave": ("~wave", "~wave hello", "~wave at the camera", "~wave at us", "~say hello with a wave"),
    "balloon": (
        "~carry {prop}",
        "~walk with {prop}",
        "~hold {prop}",
        "~hold {prop} on a string",
        "!~stroll with {prop}",
    ),
    "photo": (
        "~take a picture",
        "~take photos",
        "~take pictures with a camera",
        "~use a camera",
        "!~snap photos",
    ),
    "icecream": ("~eat {prop}", "~lick {prop}", "~have {prop}", "~enjoy {prop}"),
    "dogwalk": (
        *(
            "~walk the dog",
            "~walk a dog",
            "~take the dog for a walk",
            "~walk a dog on {prop}",
            "~lead a dog on {prop}",
        ),
        *("~be out with the dog", "!~go out with a dog on {prop}"),
    ),
    "skateboard": (
        "~ride {prop}",
        "~skateboard",
        "~roll along on {prop}",
        "~stand on {prop}",
        "!~skate on {prop}",
    ),
    "drum": ("~play {prop}", "~play the drum", "~beat {prop}", "~bang on {prop}", "~hit {prop} with sticks"),
    "phone": (
        "~talk on the phone",
        "~make a phone call",
        "~be on the phone",
        "~speak on the phone",
        "!~chat on the phone",
    ),
    "lift": (
        "~lift weights",
        "~lift a barbell",
        "~lift a heavy barbell",
        "~train with weights",
        "!~work out with a barbell",
    ),
    "sit": ("~sit", "~sit still", "~sit and ~wait", "~sit there", "~sit on the ground"),
    "play": ("~play with {prop}", "~chase {prop}", "~have fun with {prop}", "~go after {prop}"),
    "eat": (
        "~eat from {prop}",
        "~eat out of {prop}",
        "~eat {his} food",
        "~have {his} dinner",
        "!~munch {his} food",
    ),
    "ball": ("~play with {prop}", "~play a game with {prop}"),
    "ride": ("~roll by on wheels", "~go for a ride"),
    "music": ("~make music", "~play an instrument", "~play some music"),
    "food": ("~eat something", "~have something to eat", "~eat"),
}
"""What each meaning of `vocabulary.MEANINGS` may be called."""

ANIMAL_DEEDS: dict[str, tuple[str, ...]] = {
    "sleep": ("~sleep", "~take a nap", "~be fast asleep", "~lie asleep", "~curl up and ~sleep", "!~snooze"),
    "jump": ("~jump", "~jump up and down", "~jump into the air", "~hop around", "!~leap up"),
    "walk": ("~walk along", "~walk around", "~trot along", "~wander around", "!~stroll along"),
}
"""Instead of the above, for dogs and cats."""

SITTING_TO_READ = ("~sit", "~sit on a stool", "~sit down", "~be sitting there")
"""What a reader does when nothing is said of the book."""

PLACES: dict[str, tuple[str, ...]] = {
    "park": ("in the park", "in a park", "on the grass", "on the lawn", "!on a green meadow"),
    "beach": ("on the beach", "at the beach", "by the sea", "on the sand", "!at the seaside"),
    "street": (
        "on the street",
        "in the street",
        "in the city",
        "in front of the shops",
        "on the sidewalk",
        "!in town",
    ),
    "snow": (
        "in the snow",
        "in the snow",
        "on a snowy field",
        "in a winter landscape",
        "!on a snow-covered field",
    ),
    "kitchen": ("in the kitchen", "in a kitchen", "at home in the kitchen"),
    "bedroom": ("in the bedroom", "in a bedroom", "at home in the bedroom"),
    "classroom": (
        "in the classroom",
        "in a classroom",
        "at school",
        "in front of the blackboard",
        "!in a schoolroom",
    ),
    "stage": ("on stage", "on a stage", "in the theater", "under the spotlights", "!in front of a curtain"),
}
GENERAL_PLACES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (OUTDOOR, ("outside", "outdoors", "!in the open air")),
    (INDOOR, ("indoors", "inside")),
    (("kitchen", "bedroom"), ("at home", "in a room at home")),
)
TIMES: dict[str, tuple[str, ...]] = {
    "day": ("on a sunny day", "in the sunshine", "in bright sunshine", "!on a bright day"),
    "sunset": ("at sunset", "as the sun goes down", "in the evening light", "!at dusk"),
    "night": ("at night", "after dark", "in the moonlight", "!under the stars"),
    "rain": ("in the rain", "on a rainy day", "while it is raining", "!in wet weather"),
    "overcast": ("on a cloudy day", "under a grey sky", "on a grey day", "!under heavy clouds"),
}
CLOUDY = ("rain", "overcast")
"""Skies that a wording for "overcast" is true of."""

COMPANY = (
    *("while {one} watches", "while {one} looks on", "next to {one}", "with {one} nearby", "beside {one}"),
    *("as {one} watches", "watched by {one}", "!in the company of {one}"),
)
LEADS = (
    "then",
    "at some point",
    "in this scene",
    "here",
    "suddenly",
    "we see how",
    "meanwhile",
    "now",
    "at one moment",
)
TAILS = ("for a while", "for a moment", "at some point")
SHOTS = ("a shot of", "a video of", "a scene with", "footage of", "a clip of", "the part with", "we see")
FINDERS = ("the moment when", "the scene where", "the part where", "a scene in which", "find where")
