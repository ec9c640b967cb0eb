"""A host in a process of its own, told by lines what to do: tests/Audit.Client.Tests/ClientContract.cs says how."""

import concurrent.futures
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../clients/python"))

from audit_actors import AuditClient, AuditError, Call, NotRecorded, Refused, SpoolFull  # noqa: E402

OF_CALL = (
    "session_id", "tool_call_id", "tool_name", "task_id", "agent", "parent", "display_name", "tier", "turn", "provenance",
    "requested_input", "effective_input", "permission", "location", "description", "expires_at")


class Host(AuditClient):
    """Remembers what was decided, for the driver looks at it."""

    decision = None

    def decide(self, call, *, wait=0):
        self.decision = super().decide(call, wait=wait)
        return self.decision


def call_of(command):
    return Call(**{name: command[name] for name in OF_CALL if command.get(name) is not None})


def run(audit, command):
    ran = False

    def tool(_):
        nonlocal ran
        ran = True
        with open(command["append"], "a") as file:
            file.write(command["text"] + "\n")
        if command.get("fails"):
            raise RuntimeError(command["fails"])

    try:
        audit.run(call_of(command), tool, wait=command.get("wait", 0))
        return {"ok": True, "ran": True, "decision": audit.decision.decision}
    except Refused as refused:
        return {"ok": True, "ran": False, "decision": refused.decision.decision, "feedback": refused.decision.feedback}
    except AuditError as failure:
        return {"ok": False, "ran": ran, "error": str(failure)}
    except RuntimeError as failure:
        return {"ok": True, "ran": True, "decision": audit.decision.decision, "failed": str(failure)}


def answer(audit, command):
    do = command.get("do")
    if do == "note":
        audit.note(command["session_id"], command["type"], command.get("detail"))
    elif do == "record":
        audit.record(call_of(command), command["outcome"])
    elif do == "decide":
        decision = audit.decide(call_of(command), wait=command.get("wait", 0))
        return {
            "ok": True, "approved": decision.approves, "decision": decision.decision, "by": decision.by,
            "feedback": decision.feedback}
    elif do == "run" and command.get("twice"):
        with concurrent.futures.ThreadPoolExecutor(2) as two:
            return {"ok": True, "runs": sum(said["ran"] for said in two.map(lambda _: run(audit, command), range(2)))}
    elif do == "run":
        return run(audit, command)
    elif do == "flush":
        left, trouble = audit.flush(command["seconds"])
        return {"ok": left == 0, "left": left, "error": trouble} if left else {"ok": True, "left": 0}
    else:
        return {"ok": False, "error": f"there is no command {do!r}"}
    return {"ok": True}


def main():
    audit = Host(
        os.environ["AUDIT_SERVER"], os.environ["AUDIT_TOKEN"], spool=os.environ.get("AUDIT_SPOOL"),
        spool_limit=int(os.environ.get("AUDIT_SPOOL_LIMIT", 64 << 20)), patience=float(os.environ.get("AUDIT_PATIENCE", 30)))
    for line in sys.stdin:
        try:
            said = answer(audit, json.loads(line))
        except SpoolFull as full:
            said = {"ok": False, "full": True, "error": str(full)}
        except NotRecorded as refused:
            said = {"ok": False, "status": refused.status, "error": str(refused)}
        except (AuditError, ValueError, TypeError, KeyError) as failure:
            said = {"ok": False, "approved": False, "error": str(failure)}
        print(json.dumps(said), flush=True)
    os._exit(0)


main()
