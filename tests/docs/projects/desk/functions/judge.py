def run(input: dict[str, list[str]], context: object) -> dict[str, object]:
    if len(input["words"]) > 4:
        raise Exception("Too many words.")
    return {"urgent": True, "reason": "It is short."}
