# Whether a ticket is urgent, and why.
def run(input, context):
    alarming = input["words"]["alarming"]
    if alarming:
        return {"urgent": True, "reason": "It says " + ", ".join(alarming) + "."}
    return {"urgent": False, "reason": "Nothing in it sounds alarming."}
