"""Makes a tool object of the runner's own class for each index and name it can think of.

tries: call a tool by an object that the runner never made
layers: executor
observed: killed protocol | stopped
runs: once
host: application
"""

own = tools["add"]
answers = []
for name in ("delete_everything", "../delete_everything", "__list__"):
    for index in (0, 1, 2, 3, 65535, 4):
        call = type(own._call)(own._call.bridge, index, 1 << 30)
        forged = type(own)(name, False, [], [name, None, None], call)
        try:
            answers.append(forged.run())
        except ToolError as error:
            answers.append(error.type)
result = "escaped: deleted" if "deleted" in answers else f"stopped: {len(answers)} answers, none of them from that tool"
