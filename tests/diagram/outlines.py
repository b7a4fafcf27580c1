"""Outlines of any shape, with hostile texts, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from tidegate.diagram.outline import Arm, Box, Chain, Fork, Frame, Outline, Tone

HOSTILE = (
    '"]; click n1 call alert() ; n9["',
    "</text><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "%%{init: {}}%%\nend\nsubgraph",
    "`markdown` **bold** [link](javascript:alert(1))",
    "1. first\n- second",
    "]]>&amp;#35;#quot;",
    "\x00\x1b[31m\ud800",
    "a" * 300,
    "functions/" + "very_long_name_of_a_folder/" * 8 + "judge.py",
    "日本語のとても長い名前" * 12,
    "WWWWWWWWWW MMMMMMMM @@@@@@ %%%%%%" * 4,
    "",
)
TEXTS = st.sampled_from((*HOSTILE, "call ticket", "as found", "if verdict.urgent")) | st.text(max_size=60)
NOTES = st.lists(TEXTS, max_size=3).map(tuple)
TONES = st.sampled_from(list(Tone))
BOXES = st.builds(Box, title=TEXTS, tone=TONES, place=TEXTS, notes=NOTES, ends=st.booleans())


def _grown(parts: st.SearchStrategy[Box | Fork | Frame]) -> st.SearchStrategy[Box | Fork | Frame]:
    chains: st.SearchStrategy[Chain] = st.lists(parts, max_size=3).map(tuple)
    arms = st.lists(st.builds(Arm, label=TEXTS, chain=chains), min_size=1, max_size=3).map(tuple)
    forks = st.builds(Fork, title=TEXTS, tone=TONES, place=TEXTS, arms=arms, notes=NOTES)
    return forks | st.builds(Frame, title=TEXTS, tone=TONES, place=TEXTS, arms=arms, notes=NOTES, ends=st.booleans())


PARTS: st.SearchStrategy[Box | Fork | Frame] = st.recursive(BOXES, _grown, max_leaves=8)
OUTLINES = st.builds(
    Outline,
    title=TEXTS,
    description=TEXTS,
    chain=st.lists(PARTS, min_size=1, max_size=4).map(tuple),
    handler=st.none() | PARTS.filter(lambda part: isinstance(part, Frame)),
)
