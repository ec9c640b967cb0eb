import os
from audit_actors import AuditClient, Call, Refused

with AuditClient(os.environ["AUDIT_SERVER"], os.environ["AUDIT_TOKEN"]) as audit:
    for tool in ["read_record", "delete_record"]:
        call = Call("session-py", f"call-{tool}", tool, {"record_id": 42}, agent="copilot")
        try:
            print("ran:", audit.run(call, lambda input: f"record {input['record_id']}"))
        except Refused as refused:
            print("did not run:", refused)
