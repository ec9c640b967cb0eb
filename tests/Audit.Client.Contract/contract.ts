/** A host in a process of its own, told by lines what to do: tests/Audit.Client.Tests/ClientContract.cs says how. */

import { appendFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import {
  AuditClient, AuditError, NotRecorded, Refused, SpoolFull, type Call, type Outcome,
} from "../../clients/typescript/audit-actors.js";

interface Command {
  readonly [name: string]: unknown;
}

const ofCall = {
  session_id: "sessionId", tool_call_id: "toolCallId", tool_name: "toolName", task_id: "taskId", agent: "agent", parent: "parent",
  display_name: "displayName", tier: "tier", turn: "turn", provenance: "provenance", requested_input: "requestedInput",
  effective_input: "effectiveInput", permission: "permission", location: "location", description: "description",
  expires_at: "expiresAt",
} as const satisfies Record<string, keyof Call>;

function callOf(command: Command): Call {
  return Object.fromEntries(
    Object.entries(ofCall).filter(([name]) => (command[name] ?? null) !== null).map(([name, member]) => [member, command[name]]),
  ) as unknown as Call;
}

function waitOf(command: Command): { waitMs: number } {
  return { waitMs: Number(command.wait ?? 0) * 1000 };
}

async function run(audit: AuditClient, command: Command): Promise<object> {
  const call = callOf(command);
  let ran = false;
  let failed: Error | undefined;
  const tool = async (): Promise<void> => {
    ran = true;
    await appendFile(String(command.append), `${String(command.text)}\n`);
    if (command.fails) throw (failed = new Error(String(command.fails)));
  };
  try {
    await audit.run(call, tool, waitOf(command));
    return { ok: true, ran, decision };
  } catch (failure) {
    if (failure instanceof Refused) {
      return { ok: true, ran, decision: failure.decision.decision ?? null, feedback: failure.decision.feedback ?? null };
    }
    return failure === failed
      ? { ok: true, ran, decision, failed: failed?.message }
      : { ok: false, ran, error: (failure as Error).message };
  }
}

async function answer(audit: AuditClient, command: Command): Promise<object> {
  switch (command.do) {
    case "note":
      await audit.note({ sessionId: String(command.session_id) }, String(command.type), command.detail);
      return { ok: true };
    case "record":
      await audit.record(callOf(command), command.outcome as Outcome);
      return { ok: true };
    case "decide": {
      const { approves, decision, by, feedback } = await audit.decide(callOf(command), waitOf(command));
      return { ok: true, approved: approves, decision: decision ?? null, by: by ?? null, feedback: feedback ?? null };
    }
    case "run":
      if (command.twice) {
        const said = await Promise.all([run(audit, command), run(audit, command)]);
        return { ok: true, runs: said.filter((one) => (one as { ran: boolean }).ran).length };
      }
      return run(audit, command);
    case "flush": {
      const { left, trouble } = await audit.flush(Number(command.seconds) * 1000);
      return left === 0 ? { ok: true, left } : { ok: false, left, error: trouble ?? null };
    }
    default:
      return { ok: false, error: `there is no command ${JSON.stringify(command.do)}` };
  }
}

function refusalOf(failure: unknown): object {
  const error = (failure as Error).message;
  if (failure instanceof SpoolFull) return { ok: false, full: true, error };
  if (failure instanceof NotRecorded) return { ok: false, status: failure.status, error };
  if (failure instanceof AuditError || failure instanceof SyntaxError) return { ok: false, approved: false, error };
  throw failure;
}

const { AUDIT_SERVER, AUDIT_TOKEN, AUDIT_SPOOL, AUDIT_SPOOL_LIMIT, AUDIT_PATIENCE } = process.env;
const audit = await AuditClient.open(AUDIT_SERVER!, AUDIT_TOKEN!, {
  ...(AUDIT_SPOOL && { spool: AUDIT_SPOOL }), ...(AUDIT_SPOOL_LIMIT && { spoolLimit: Number(AUDIT_SPOOL_LIMIT) }),
  patienceMs: Number(AUDIT_PATIENCE ?? 30) * 1000,
});
// What was decided, for the driver looks at it.
let decision: string | undefined;
const decide = audit.decide.bind(audit);
audit.decide = async (...asked) => {
  const decided = await decide(...asked);
  decision = decided.decision;
  return decided;
};
for await (const line of createInterface({ input: process.stdin })) {
  const said = await Promise.resolve().then(() => answer(audit, JSON.parse(line) as Command)).catch(refusalOf);
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
process.exit(0);
