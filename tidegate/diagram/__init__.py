"""Operations drawn: what they do, in which order, and nothing of what they do it with."""
