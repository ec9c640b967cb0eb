import { AuditClient, Refused } from "./audit-actors.js";

const audit = await AuditClient.open(process.env.AUDIT_SERVER!, process.env.AUDIT_TOKEN!);
for (const toolName of ["read_record", "delete_record"]) {
  const call = { sessionId: "session-ts", toolCallId: `call-${toolName}`, toolName, effectiveInput: { record_id: 42 } };
  await audit.run(call, (input) => `record ${input.record_id}`).then(
    (result) => console.log("ran:", result),
    (failure) => console.log(failure instanceof Refused ? "did not run:" : "failed:", failure.message));
}
