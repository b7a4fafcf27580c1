"""English of names: `film_actors` -> words -> `FilmActor`, `filmActors`.

Small on purpose. Where it guesses wrong, the author renames one word in one file, and `tidegate pull` keeps it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

UNCOUNTABLE: Final = frozenset(
    re.findall(
        r"\w+",
        """aircraft audio bison cash chassis coreopsis cod data deer equipment feedback fish gold hardware headquarters
    help homework info information inventory jeans luggage machinery mail media metadata money moose music news
    offspring payroll police rain research rice salmon scissors series sheep software species staff stock swine
    traffic training trousers trout tuna weather wheat""",
    )
)

IRREGULAR: Final = {
    "child": "children",
    "criterion": "criteria",
    "die": "dice",
    "foot": "feet",
    "goose": "geese",
    "man": "men",
    "mouse": "mice",
    "ox": "oxen",
    "person": "people",
    "phenomenon": "phenomena",
    "quiz": "quizzes",
    "tooth": "teeth",
    "woman": "women",
    # Words whose ending follows no rule below.
    "alias": "aliases",
    "analysis": "analyses",
    "axis": "axes",
    "basis": "bases",
    "bus": "buses",
    "cache": "caches",
    "cafe": "cafes",
    "calf": "calves",
    "campus": "campuses",
    "canvas": "canvases",
    "cookie": "cookies",
    "crisis": "crises",
    "diagnosis": "diagnoses",
    "gas": "gases",
    "half": "halves",
    "hero": "heroes",
    "hypothesis": "hypotheses",
    "index": "indexes",
    "knife": "knives",
    "leaf": "leaves",
    "lens": "lenses",
    "life": "lives",
    "loaf": "loaves",
    "matrix": "matrices",
    "movie": "movies",
    "potato": "potatoes",
    "shelf": "shelves",
    "status": "statuses",
    "thesis": "theses",
    "thief": "thieves",
    "tie": "ties",
    "tomato": "tomatoes",
    "vertex": "vertices",
    "virus": "viruses",
    "wife": "wives",
    "wolf": "wolves",
    "zombie": "zombies",
}

SINGULAR: Final = {plural: singular for singular, plural in IRREGULAR.items()} | {
    "indices": "index",
    "persons": "person",
}

_PIECE: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9a-z]*|[0-9]+[a-z]*")
_CONSONANT_Y: Final = re.compile(r"[^aeiou]y$|quy$")
_HISSES: Final = re.compile(r"(s|x|z|ch|sh)$")
_HISSES_ES: Final = re.compile(r"(ss|x|zz|ch|sh)es$")


def words(name: str) -> tuple[str, ...]:
    """The lower-case ASCII words of a database's name. Empty where there are none: `"%"`, `"名"`."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return tuple(piece.lower() for piece in _PIECE.findall(plain))


def plural(word: str) -> str:
    """Of a lower-case word, singular or plural already."""
    if word in UNCOUNTABLE or word in SINGULAR:
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    if singular(word) != word:
        return word
    if _CONSONANT_Y.search(word):
        return f"{word[:-1]}ies"
    return f"{word}es" if _HISSES.search(word) else f"{word}s"


def singular(word: str) -> str:
    """Of a lower-case word, plural or singular already."""
    if word in UNCOUNTABLE or word in IRREGULAR:
        return word
    if word in SINGULAR:
        return SINGULAR[word]
    if len(word) <= 3 or not word.endswith("s") or re.search(r"(ss|us|is)$", word):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if _HISSES_ES.search(word) else word[:-1]


def camel(parts: tuple[str, ...]) -> str:
    """`("created", "at")` -> `createdAt`."""
    return "".join(part if index == 0 else part.capitalize() for index, part in enumerate(parts))


def pascal(parts: tuple[str, ...]) -> str:
    """`("film", "actor")` -> `FilmActor`."""
    return "".join(part.capitalize() for part in parts)


def one(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the last one in the singular."""
    return (*parts[:-1], singular(parts[-1])) if parts else parts


def many(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the last one in the plural."""
    return (*parts[:-1], plural(parts[-1])) if parts else parts
