/**
 * Audit.Actors for hosts in TypeScript: ask before a tool runs, and write down what came of it.
 *
 * One file, nothing but Node 20 or newer. Copy it into a project.
 *
 * ```ts
 * import { AuditClient, Refused } from "./audit-actors.js";
 *
 * const audit = await AuditClient.open("http://127.0.0.1:5080", token);
 * const call = { sessionId: "session-1", toolCallId: "call-1", toolName: "sql.exec", effectiveInput: { sql: "SELECT 1" } };
 * try {
 *   rows = await audit.run(call, (input) => database.query(input.sql));
 * } catch (failure) {
 *   if (!(failure instanceof Refused)) throw failure;
 *   rows = failure.message; // for the model: why it did not run
 * }
 * ```
 *
 * `run` asks the node. The tool runs if, and only if, the answer approves and the record that it begins is kept; what came of it
 * is kept before it is given back. What *kept* means is chosen once, by how the client is opened:
 *
 * - *fail-closed* (no `spool`): the node has given a receipt, so the record is in the book. Without a node nothing runs.
 * - *spooled* (`spool: PATH`): the record is on this machine's disk, with fsync, and is sent in the background, in order, until
 *   the node has it, over restarts and kills of host and node. A decision still needs the node; records do not.
 *
 * Every message has an id of its own, made once, so that what is sent again after a lost answer is written once.
 */

import { createHash, randomUUID } from "node:crypto";
import { constants, open, realpath, rename, type FileHandle } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A tool call: what a person or a policy approves, and what the tool then runs with; all of it goes through `JSON.stringify`. */
export interface Call<Input = unknown> {
  readonly sessionId: string;
  readonly toolCallId: string;
  readonly toolName: string;
  /** What the tool runs with. */
  readonly effectiveInput?: Input;
  /** What the model asked for, where that is something else. */
  readonly requestedInput?: unknown;
  readonly turn?: number;
  readonly taskId?: string;
  readonly agent?: string;
  /** The call of the session in whose course this one is made, such as the one that started a sub-agent. */
  readonly parent?: string;
  readonly displayName?: string;
  /** `Observe` or `Confirm`. */
  readonly tier?: string;
  readonly provenance?: { readonly provider: string; readonly model: string };
  /** The host's own permission request, with its `kind`. */
  readonly permission?: { readonly [name: string]: unknown };
  readonly location?: string;
  readonly description?: string;
  /** When the host gives up waiting for a person, by RFC 3339. */
  readonly expiresAt?: string;
}

/** What the node answered. */
export interface Decision {
  /** Anything but true refuses. */
  readonly approves: boolean;
  /** Undefined while a person is awaited, or where nobody answered until the question ended. */
  readonly decision?: string | undefined;
  readonly state: string;
  readonly by?: string | undefined;
  readonly feedback?: string | undefined;
  readonly rule?: string | undefined;
  readonly policy?: string | undefined;
  /** The approval of more calls than one, or the stop, that decided. */
  readonly order?: string | undefined;
  readonly sequence?: number | undefined;
  readonly validUntil?: string | undefined;
}

/** What a record says of its call, such as `{ kind: "cancelled", reason: "…" }`. */
export type Outcome = { readonly kind: string; readonly [name: string]: unknown };

export interface Settings {
  /** A file that is this client's alone; without one the client is fail-closed. */
  readonly spool?: string;
  /** How many bytes the spool may hold that are not sent; 64 MiB. */
  readonly spoolLimit?: number;
  /** For how long a node that is away is tried again before the answer is no, but for waiting for a person; 30,000. */
  readonly patienceMs?: number;
  /** Is told in a sentence what a person should know, such as why the spool cannot be sent; `console.warn`. */
  readonly warn?: (sentence: string) => void;
}

/** Whatever this client throws itself. */
export class AuditError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The node answered, and refused the request: with this token or body it would refuse it again. */
export class NodeError extends AuditError {
  constructor(readonly status: number, detail: string) {
    super(`the node answered ${status}: ${detail}`);
  }
}

/** No node answered in time. */
export class Unavailable extends AuditError {
  constructor(message: string, readonly retryAfterMs?: number, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The tool did not run: nobody answered, or that it begins could not be kept. */
export class NotRun extends AuditError {}

/** The tool did not run: the answer does not approve. The message may be shown to the model. */
export class Refused extends NotRun {
  constructor(call: Call, readonly decision: Decision) {
    super(`${call.toolName} was not approved: ${decision.feedback ?? decision.decision ?? "nobody answered in time"}`);
  }
}

/** The node did not take the record as what it says; `status` is that of its receipt, such as `violation`. */
export class NotRecorded extends AuditError {
  constructor(readonly status: string, says: string) {
    super(`the record is not in the book (${status}): ${says}`);
  }
}

/** The tool ran, and what came of it could not be kept. `item` holds it, and may be given to `AuditClient.resend`. */
export class ResultNotRecorded extends AuditError {
  constructor(readonly item: string, cause: unknown) {
    super(`the tool ran, and its result could not be recorded: ${textOf(cause)}`, { cause });
  }
}

/** The spool could not keep the record; nothing of it was kept. */
export class SpoolError extends AuditError {}

/** The spool holds as much as it may, for the node has been away for long. */
export class SpoolFull extends SpoolError {}

/** Another process uses the spool. */
export class SpoolLocked extends SpoolError {}

const approving = new Set([
  "approve-once", "approve-for-session", "approve-for-location", "approve-permanently",
  "approved", "approved-for-session", "approved-for-location", "auto",
]);
const kept = new Set(["recorded", "duplicate", "counted"]);
const final = new Set(["invalid", "refused"]);
const receiptStatuses = new Set([...kept, ...final, "violation"]);
const tryAgain = new Set([408, 429, 502, 503, 504]);
/** With these the node wrote that a tool began which it had not approved so. */
const notBegun = new Set(["approval_expired", "input_changed_after_approval"]);

const requestMs = 30_000;
/** So long one request waits for a person; then the next one does, so that a connection that died unseen is noticed. */
const waitMs = 30_000;
/** An older approval is asked for again before the tool begins: it may have been stopped meanwhile. */
const beginWithinMs = 3_000;

/** Approvals that something began on; each holds for minutes only. */
const mostBegun = 10_000;
const shortestPauseMs = 100;
const longestPauseMs = 2_000;
/** A person has to mend it, such as a token that was revoked. */
const pauseOfRefusedMs = 30_000;
const batchBytes = 1 << 20;

/** Speaks to one node, or to the address behind which several stand, with a token of the role ingest. */
export class AuditClient {
  private readonly begun = new Set<string>();

  private constructor(
    private readonly node: Node, private readonly spool: Spool | undefined, private readonly patienceMs: number) {}

  /** Throws `SpoolLocked` where another process has the spool. */
  static async open(server: string | URL, token: string, settings: Settings = {}): Promise<AuditClient> {
    const { spool, spoolLimit = 64 << 20, patienceMs = 30_000, warn = console.warn } = settings;
    const node = new Node(server, token);
    return new AuditClient(
      node, spool === undefined ? undefined : await Spool.open(spool, spoolLimit, node, warn), patienceMs);
  }

  /**
   * Asks whether the tool may run, and waits so long for a person, also over restarts of the node. Throws `Unavailable` or
   * `NodeError` where there is no answer, which refuses as well.
   */
  async decide(call: Call, options: { readonly waitMs?: number } = {}): Promise<Decision> {
    const until = now() + (options.waitMs ?? 600_000);
    const body = JSON.stringify({ ...aboutOf(call), ...questionOf(call), recorded_at: timestamp() });
    // At first nobody is waited for: once it is known that a person is asked, patience with the node is another.
    let answer = await this.ask("POST", "v1/decide", {}, body, now(), this.patienceMs);
    for (let left = until - now(); isObject(answer.question) && left > 0; left = until - now()) {
      // An answer is to one question, and the call may be asked another meanwhile.
      const about = { session: call.sessionId, call: call.toolCallId, question: String(answer.question.question) };
      answer = await this.ask("GET", "v1/call/decision", about, undefined, until, left + this.patienceMs);
      if (isObject(answer.question)) await sleep(shortestPauseMs); // a node where too many wait answers at once
    }
    return decisionOf(answer);
  }

  /**
   * Runs `tool(input)` where the node approves and the record that it begins is kept, and records what came of it. Throws
   * `Refused` or another `NotRun` where it did not run, what the tool itself threw, and `ResultNotRecorded` where it ran and
   * that could not be kept. An approval is for one run: a host that died after the beginning asks with a new call id.
   */
  async run<Input, T>(
    call: Call<Input>, tool: (input: Input) => T | Promise<T>, options: { readonly waitMs?: number } = {}): Promise<T> {
    // What was approved is what runs, whatever becomes of the caller's object meanwhile.
    const asked = JSON.parse(JSON.stringify(call)) as Call<Input>;
    try {
      await this.begin(asked, options);
    } catch (cause) {
      if (cause instanceof NotRun || !(cause instanceof AuditError)) throw cause;
      throw new NotRun(`${call.toolName} was not run: ${cause.message}`, { cause });
    }
    const began = now();
    let value: T;
    try {
      value = await tool(structuredClone(asked.effectiveInput) as Input);
    } catch (failure) {
      await this.finish(asked, began, false, failure);
      throw failure;
    }
    await this.finish(asked, began, true, value);
    return value;
  }

  /** Keeps a record of a call whose life the host tells itself. Throws `SpoolError`, or without a spool `NotRecorded`, … */
  async record(call: Call, outcome: Outcome): Promise<void> {
    await this.keep(itemOf(call, outcome), this.patienceMs);
  }

  /** Keeps what concerns no single call, such as `started`, `turn_started` or `ended`. Throws what `record` does. */
  async note(about: { sessionId: string; taskId?: string; agent?: string }, type: string, detail: unknown = null): Promise<void> {
    await this.keep(lineOf({ ...aboutOf(about), note: { type, at: timestamp(), detail } }), this.patienceMs);
  }

  /** Keeps what an earlier `ResultNotRecorded` holds. What is in the book already is not doubled. */
  async resend(item: string): Promise<void> {
    await this.keep(item, this.patienceMs);
  }

  /** Waits until all that was spooled is sent; says how many records are not, and why. */
  async flush(withinMs = 30_000): Promise<{ readonly left: number; readonly trouble?: string | undefined }> {
    return (await this.spool?.flush(withinMs)) ?? { left: 0 };
  }

  /** Ends the sending; what is not sent stays in the spool for the next client. */
  async close(): Promise<void> {
    await this.spool?.close();
  }

  private async begin(call: Call, options: { readonly waitMs?: number }): Promise<void> {
    const claimed: string[] = [];
    try {
      await this.beginOnce(call, options, claimed);
    } catch (failure) {
      for (const approval of claimed) this.begun.delete(approval);
      throw failure;
    }
  }

  /** Of two that have one approval at the same moment the first begins; the node may not know yet that it did. */
  private claim(approval: string): boolean {
    if (this.begun.has(approval)) return false;
    this.begun.add(approval);
    const [oldest] = this.begun;
    if (this.begun.size > mostBegun && oldest !== undefined) this.begun.delete(oldest);
    return true;
  }

  private async beginOnce(call: Call, options: { readonly waitMs?: number }, claimed: string[]): Promise<void> {
    const until = now() + this.patienceMs;
    if (this.spool !== undefined && !await this.spool.waitForEarlier(this.patienceMs)) {
      throw new Unavailable("what was recorded before a restart is not with the node yet, and might say that the call began");
    }
    for (let item: string | undefined; ;) {
      const decision = await this.decide(call, options);
      const decided = now();
      if (!decision.approves) throw new Refused(call, decision);
      if (item === undefined && decision.state !== "approved") {
        throw new NotRun(`${call.toolName} was not run: it began before, and an approval is for one run`);
      }
      if (item === undefined && decision.validUntil !== undefined && Date.parse(decision.validUntil) <= Date.now()) {
        throw new NotRun(`${call.toolName} was not run: what approved it held until ${decision.validUntil}`);
      }
      const approval = JSON.stringify([call.sessionId, call.toolCallId, decision.sequence]);
      if (claimed.length === 0) {
        if (!this.claim(approval)) {
          throw new NotRun(`${call.toolName} was not run: it began before, and an approval is for one run`);
        }
        claimed.push(approval);
      }
      // Of one approval there is one beginning: another process that has the same begins in vain.
      item ??= itemOf(call, { kind: "started" }, `started:${decision.sequence}`);
      let anomalies: readonly string[];
      try {
        anomalies = await this.keep(item, Math.min(this.patienceMs, beginWithinMs));
      } catch (failure) {
        if (!(failure instanceof Unavailable) || now() > until) throw failure;
        continue;
      }
      const doubts = anomalies.filter((one) => notBegun.has(one));
      if (doubts.length > 0) await this.giveUp(call, `the node says ${doubts.join(", ")}`);
      if (now() - decided <= beginWithinMs) return;
      if (now() > until) await this.giveUp(call, "the node was too slow");
    }
  }

  private async giveUp(call: Call, why: string): Promise<never> {
    const item = itemOf(call, { kind: "cancelled", reason: `it did not begin: ${why}` });
    await this.keep(item, Math.min(this.patienceMs, 2_000)).catch(() => {});
    throw new NotRun(`${call.toolName} was not run: ${why}`);
  }

  private async finish(call: Call, began: number, success: boolean, value: unknown): Promise<void> {
    const result = { success, output: textOf(value), data: null, duration_ms: now() - began };
    const item = itemOf(call, { kind: "completed", result });
    try {
      await this.keep(item, this.patienceMs);
    } catch (cause) {
      throw new ResultNotRecorded(item, cause);
    }
  }

  /** Resolves once it is kept, with the anomalies that the node saw. */
  private async keep(item: string, patienceMs: number): Promise<readonly string[]> {
    if (this.spool !== undefined) {
      await this.spool.append(item);
      return [];
    }
    const receipt = await patiently(patienceMs, async (ms) => {
      const { receipts, trouble } = await this.node.post(item, 1, ms);
      if (trouble !== undefined) throw trouble;
      return receipts[0]!;
    });
    if (!kept.has(receipt.status)) {
      throw new NotRecorded(receipt.status, receipt.reason ?? receipt.error ?? "no reason was given");
    }
    return receipt.anomalies ?? [];
  }

  private ask(
    method: string, path: string, about: Record<string, string>, body: string | undefined, until: number,
    patienceMs: number): Promise<JsonObject> {
    return patiently(patienceMs, async (ms) => {
      const wait = Math.ceil(Math.max(0, Math.min(until - now(), waitMs)) / 1000);
      const query = new URLSearchParams({ ...about, wait: String(wait) });
      const request = { method, body, media: "application/json", timeoutMs: wait * 1000 + ms };
      return this.node.request(`${path}?${query}`, request, async (answer) => {
        const said = objectOf(await answer.text());
        if (typeof said.state !== "string") throw new SyntaxError("what was answered says no state of the call");
        return said;
      });
    });
  }
}

/** One node over HTTP. */
class Node {
  private readonly server: string;

  constructor(server: string | URL, private readonly token: string) {
    this.server = new URL(server).href.replace(/\/*$/, "/");
  }

  /** Throws `Unavailable` for what may go well the next time, also while the answer is read, and else `NodeError`. */
  async request<T>(
    path: string, request: { method: string; body?: string | undefined; media: string; timeoutMs: number },
    read: (answer: Response) => Promise<T>): Promise<T> {
    const { method, body, media, timeoutMs } = request;
    try {
      const answer = await fetch(this.server + path, {
        method, body: body ?? null, redirect: "manual", signal: AbortSignal.timeout(timeoutMs),
        headers: { authorization: `Bearer ${this.token}`, "content-type": media, accept: media },
      });
      if (answer.ok) return await read(answer);
      throw await refusalOf(answer);
    } catch (failure) {
      if (failure instanceof AuditError) throw failure;
      const { message, cause } = failure as Error;
      const why = cause instanceof Error ? cause.message || String((cause as { code?: unknown }).code) : message;
      throw new Unavailable(`the node at ${this.server} does not answer: ${why}`, undefined, { cause: failure });
    }
  }

  /** Sends lines in order; gives the receipts of the first of them, and why the others have none. */
  async post(lines: string, count: number, timeoutMs: number): Promise<Posted> {
    const receipts: Receipt[] = [];
    const request = { method: "POST", body: lines, media: "application/x-ndjson", timeoutMs };
    try {
      const trouble = await this.request("v1/records", request, async (answer) => {
        for await (const line of linesOf(answer)) {
          const receipt = objectOf(line) as Partial<Receipt>;
          if (receipt.status === "stopped" || receipt.status === "unavailable") {
            const after = receipt.retry_after ?? undefined;
            return new Unavailable(receipt.error ?? "the node stopped", after === undefined ? undefined : after * 1000);
          }
          // Whoever answers may be no node at all: what nobody knows as a receipt is none.
          if (!receiptStatuses.has(receipt.status ?? "") || receipts.length === count) {
            throw new SyntaxError("a line of the answer is no receipt");
          }
          receipts.push(receipt as Receipt);
        }
        return receipts.length < count ? new Unavailable("the answer ended before its last receipt") : undefined;
      });
      return { receipts, trouble };
    } catch (failure) {
      if (failure instanceof AuditError) return { receipts, trouble: failure };
      throw failure;
    }
  }
}

interface Receipt {
  readonly status: string;
  readonly reason?: string;
  readonly error?: string;
  readonly anomalies?: readonly string[];
  readonly retry_after?: number | null;
}

interface Posted {
  readonly receipts: readonly Receipt[];
  readonly trouble?: AuditError | undefined;
}

/**
 * A file of lines, each one item; how far they are sent stands in a file beside it. A line is kept when it is on the disk. That
 * it was sent is remembered later than it is true, never earlier: what is sent twice is written once, for it has its id.
 */
class Spool {
  private size = 0;
  private sent = 0;
  private lines = 0;
  /** What lay in the file when it was opened, and is not with the node yet. */
  private earlier = 0;
  private closed = false;
  private trouble: string | undefined;
  private waiting: { readonly line: Buffer; readonly done: (failure?: SpoolError) => void }[] = [];
  private waitingBytes = 0;
  /** The files are changed by one at a time. */
  private turn: Promise<unknown> = Promise.resolve();
  private readonly changed = new Signal();
  private sending: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string, private readonly limit: number, private readonly node: Node,
    private readonly warn: (sentence: string) => void, private readonly unlock: () => Promise<void>,
    private file: FileHandle, private readonly mark: FileHandle) {}

  static async open(path: string, limit: number, node: Node, warn: (sentence: string) => void): Promise<Spool> {
    const unlock = await lock(path);
    const file = await openPrivate(path);
    const spool = new Spool(path, limit, node, warn, unlock, file, await openPrivate(`${path}.sent`));
    await syncDirectory(path);
    await spool.mend();
    spool.sending = spool.sendOn();
    return spool;
  }

  /** Resolves once the line is on the disk; lines that come meanwhile go there together. */
  append(text: string): Promise<void> {
    const line = Buffer.from(text);
    const unsent = this.size - this.sent + this.waitingBytes;
    if (this.closed) return Promise.reject(new SpoolError("the client is closed"));
    if (unsent + line.length > this.limit) {
      return Promise.reject(new SpoolFull(
        `the spool ${this.path} holds ${unsent} bytes that are not sent, and this record is ${line.length} more; `
          + `${this.limit} are its limit${this.trouble === undefined ? "" : ` (${this.trouble})`}`));
    }
    this.waitingBytes += line.length;
    return new Promise((resolve, reject) => {
      const isFirst = this.waiting.push({ line, done: (failure) => (failure ? reject(failure) : resolve()) }) === 1;
      if (isFirst) void this.inTurn(() => this.write());
    });
  }

  async waitForEarlier(withinMs: number): Promise<boolean> {
    await this.changed.until(() => this.closed || this.earlier <= 0, withinMs);
    return this.earlier <= 0;
  }

  async flush(withinMs: number): Promise<{ left: number; trouble?: string | undefined }> {
    await this.changed.until(() => this.closed || (this.lines === 0 && this.waiting.length === 0), withinMs);
    return this.lines > 0 ? { left: this.lines, trouble: this.trouble } : { left: 0 };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.changed.raise();
    await this.sending;
  }

  private async write(): Promise<void> {
    const [written, bytes] = [this.waiting, this.waitingBytes];
    this.waiting = [];
    let failure: SpoolError | undefined;
    try {
      await writeAll(this.file, Buffer.concat(written.map((one) => one.line)), this.size);
      await this.file.sync();
      this.size += bytes;
      this.lines += written.length;
    } catch (cause) {
      failure = new SpoolError(`the spool ${this.path} could not be written: ${textOf(cause)}`, { cause });
      await this.file.truncate(this.size).catch(() => {});
    }
    this.waitingBytes -= bytes;
    for (const one of written) one.done(failure);
    this.changed.raise();
  }

  private async sendOn(): Promise<void> {
    for (let pauseMs = 0; !this.closed;) {
      await this.changed.until(() => this.closed, pauseMs, { holdsProcess: false });
      await this.changed.until(() => this.closed || this.sent < this.size);
      if (this.closed) break;
      try {
        const batch = await this.nextBatch();
        const ends = lineEndsOf(batch);
        const { receipts, trouble } = await this.node.post(batch.toString(), ends.length, requestMs);
        if (receipts.length > 0) await this.settle(batch, ends.slice(0, receipts.length), receipts);
        pauseMs = this.pauseAfter(trouble, receipts.length > 0 ? 0 : pauseMs);
      } catch (failure) {
        pauseMs = this.pauseAfter(failure, longestPauseMs);
      }
    }
    await this.inTurn(async () => {
      // Only now may another process have it.
      await Promise.all([this.file.close(), this.mark.close()]);
      await this.unlock();
    });
  }

  /** The next lines that were not sent. */
  private async nextBatch(): Promise<Buffer> {
    const [from, unsent] = [this.sent, this.size - this.sent];
    for (let length = batchBytes; length < 2 * Math.max(unsent, batchBytes); length *= 2) {
      const block = await readAt(this.file, from, Math.min(length, unsent));
      const end = block.lastIndexOf("\n") + 1;
      if (end > 0) return block.subarray(0, end);
    }
    throw new SpoolError(`somebody else has changed the spool ${this.path}`);
  }

  /** These have their receipts: they leave the spool. */
  private async settle(batch: Buffer, ends: readonly number[], receipts: readonly Receipt[]): Promise<void> {
    for (const [index, receipt] of receipts.entries()) {
      if (final.has(receipt.status)) await this.setAside(batch.subarray(ends[index - 1] ?? 0, ends[index]), receipt);
    }
    await this.inTurn(async () => {
      this.sent += ends.at(-1)!;
      this.lines -= ends.length;
      this.earlier -= ends.length;
      if (this.sent === this.size) {
        // First that nothing of it is sent, then that nothing is in it.
        await this.markSent(0);
        await this.file.truncate(0);
        this.size = this.sent = 0;
      } else if (this.sent > Math.max(this.limit, batchBytes)) {
        await this.shorten();
      } else {
        await this.markSent(this.sent);
      }
    });
    this.changed.raise();
  }

  private async setAside(line: Buffer, receipt: Receipt): Promise<void> {
    this.warn(`The node refuses a record, which is kept in ${this.path}.refused: ${JSON.stringify(receipt)}`);
    const aside = await openPrivate(`${this.path}.refused`);
    try {
      const text = `{"receipt":${JSON.stringify(receipt)},"item":${line.toString().trimEnd()}}\n`;
      await writeAll(aside, Buffer.from(text), (await aside.stat()).size);
      await aside.sync();
    } finally {
      await aside.close();
    }
  }

  /** Much was sent, and never all of it at once: begins another file with the rest. */
  private async shorten(): Promise<void> {
    const rest = await readAt(this.file, this.sent, this.size - this.sent);
    const shorter = await openPrivate(`${this.path}.new`);
    try {
      await shorter.truncate(0);
      await writeAll(shorter, rest, 0);
      await shorter.sync();
      await this.markSent(0);
      await rename(`${this.path}.new`, this.path);
    } catch (failure) {
      await shorter.close();
      throw failure;
    }
    const longer = this.file;
    [this.file, this.size, this.sent] = [shorter, rest.length, 0];
    await longer.close();
    await syncDirectory(this.path);
  }

  private async markSent(sent: number): Promise<void> {
    await writeAll(this.mark, Buffer.from(`${String(sent).padStart(20, "0")}\n`), 0);
    // That more was sent than is remembered only sends twice; that less is in the file than was sent would lose.
    if (sent === 0) await this.mark.sync();
  }

  /** Finds out what of the file is whole, and what of that was sent. */
  private async mend(): Promise<void> {
    const length = (await this.file.stat()).size;
    const marked = Number((await readAt(this.mark, 0, 20)).toString("latin1"));
    const ends: number[] = [];
    for (let at = 0; at < length; at += batchBytes) {
      const block = await readAt(this.file, at, Math.min(batchBytes, length - at));
      for (const end of lineEndsOf(block)) ends.push(at + end);
    }
    this.size = ends.at(-1) ?? 0;
    if (this.size < length) {
      this.warn(`The last line of the spool ${this.path} was not finished, and is dropped.`);
      await this.file.truncate(this.size);
    }
    await this.file.sync();
    // What cannot be so is nothing: then all is sent once more.
    this.sent = ends.includes(marked) ? marked : 0;
    if (this.sent === 0) await this.markSent(0);
    this.earlier = this.lines = ends.length - (ends.indexOf(this.sent) + 1);
  }

  private pauseAfter(trouble: unknown, lastMs: number): number {
    const says = trouble === undefined ? undefined : textOf(trouble);
    if (says !== undefined && says !== this.trouble) {
      this.warn(`Nothing of the spool ${this.path} can be sent now, it is tried again: ${says}`);
    }
    this.trouble = says;
    if (trouble === undefined) return 0;
    if (trouble instanceof NodeError) return pauseOfRefusedMs;
    const wanted = trouble instanceof Unavailable ? trouble.retryAfterMs : undefined;
    return Math.min(wanted ?? Math.min(Math.max(shortestPauseMs, 2 * lastMs), longestPauseMs), pauseOfRefusedMs);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.turn.then(work);
    this.turn = mine.catch(() => {});
    return mine;
  }
}

/** Wakes whoever waits for something to become true. */
class Signal {
  private readonly waiting = new Set<() => void>();

  raise(): void {
    for (const wake of [...this.waiting]) wake();
  }

  /** Resolves when it is true, or when the time is up. */
  until(isTrue: () => boolean, withinMs?: number, { holdsProcess = true } = {}): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (isTrue()) done();
      };
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve();
      };
      const timer = withinMs === undefined ? undefined : setTimeout(done, withinMs);
      if (!holdsProcess) timer?.unref();
      this.waiting.add(look);
      look();
    });
  }
}

type JsonObject = { readonly [name: string]: unknown };

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectOf(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new SyntaxError("what was answered is no JSON object");
  return value;
}

function decisionOf(answer: JsonObject): Decision {
  const text = (name: string): string | undefined => (typeof answer[name] === "string" ? answer[name] : undefined);
  const decision = text("decision");
  return {
    approves: decision !== undefined && approving.has(decision), decision, state: text("state") ?? "", by: text("by"),
    feedback: text("feedback"), rule: text("rule"), policy: text("policy"), order: text("order"),
    sequence: typeof answer.sequence === "number" ? answer.sequence : undefined, validUntil: text("valid_until"),
  };
}

function aboutOf(about: { sessionId: string; taskId?: string; agent?: string; parent?: string }): JsonObject {
  return { session_id: about.sessionId, task_id: about.taskId, agent: about.agent, parent: about.parent };
}

function recordOf(call: Call): JsonObject {
  return {
    tool_call_id: call.toolCallId, tool_name: call.toolName, display_name: call.displayName, tier: call.tier,
    requested_input: call.requestedInput, effective_input: call.effectiveInput, turn: call.turn ?? 0,
    provenance: call.provenance,
  };
}

function questionOf(call: Call): JsonObject {
  return {
    ...recordOf(call), permission: call.permission, location: call.location, description: call.description,
    expires_at: call.expiresAt,
  };
}

function itemOf(call: Call, outcome: Outcome, messageId?: string): string {
  return lineOf({ ...aboutOf(call), record: { ...recordOf(call), outcome, recorded_at: timestamp() } }, messageId);
}

function lineOf(content: JsonObject, messageId: string = randomUUID()): string {
  return `${JSON.stringify({ message_id: messageId, ...content })}\n`;
}

/** What a tool gave back or threw, as text that UTF-8 can say. */
function textOf(result: unknown): string {
  let text: string | undefined;
  if (typeof result === "string") {
    text = result;
  } else if (result instanceof Error) {
    text = result.message || result.name;
  } else {
    try {
      text = JSON.stringify(result);
    } catch {
      text = String(result);
    }
  }
  return Buffer.from(text ?? "").toString();
}

let lastTime = 0n;

/** The time by RFC 3339, later with each call: two records of one call are in the order in which they were made. */
function timestamp(): string {
  const time = BigInt(Date.now()) * 1_000_000n;
  lastTime = time > lastTime ? time : lastTime + 1n;
  const seconds = new Date(Number(lastTime / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(lastTime % 1_000_000_000n).padStart(9, "0")}Z`;
}

/** Whole milliseconds by a clock that nobody sets. */
function now(): number {
  return Math.floor(performance.now());
}

/** Calls `attempt(milliseconds)` until it does not throw `Unavailable`, or did so first as long ago as the patience is. */
async function patiently<T>(patienceMs: number, attempt: (ms: number) => Promise<T>): Promise<T> {
  let until: number | undefined;
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await attempt(Math.max(shortestPauseMs, Math.min(patienceMs, requestMs)));
    } catch (failure) {
      if (!(failure instanceof Unavailable)) throw failure;
      until ??= now() + patienceMs;
      const wantedMs = failure.retryAfterMs ?? pauseMs;
      if (now() + wantedMs >= until) throw failure;
      await sleep(wantedMs);
    }
  }
}

async function refusalOf(answer: Response): Promise<AuditError> {
  const detail = await answer.text().then(objectOf).then((problem) => String(problem.detail), () => answer.statusText);
  const after = Number(answer.headers.get("retry-after") ?? NaN);
  return tryAgain.has(answer.status)
    ? new Unavailable(detail, Number.isFinite(after) ? after * 1000 : undefined)
    : new NodeError(answer.status, detail);
}

/** The whole lines of an answer, as they come. */
async function* linesOf(answer: Response): AsyncGenerator<string> {
  let rest = "";
  const [reader, decoder] = [answer.body?.getReader(), new TextDecoder()];
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
    const lines = (rest + decoder.decode(read.value, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines.filter((line) => line.length > 0);
  }
}

function lineEndsOf(block: Buffer): number[] {
  const ends: number[] = [];
  for (let end = block.indexOf(10) + 1; end > 0; end = block.indexOf(10, end) + 1) ends.push(end);
  return ends;
}

function openPrivate(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
}

async function readAt(file: FileHandle, from: number, length: number): Promise<Buffer> {
  const block = Buffer.alloc(length);
  let read = 0;
  for (let more = 1; more > 0 && read < length; read += more) {
    more = (await file.read(block, read, length - read, from + read)).bytesRead;
  }
  return block.subarray(0, read);
}

async function writeAll(file: FileHandle, data: Buffer, at: number): Promise<void> {
  for (let written = 0; written < data.length;) {
    written += (await file.write(data, written, data.length - written, at + written)).bytesWritten;
  }
}

/** So that the names of files made in it last. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Node has no locks of files. A name to listen on is held by the kernel for one process of the machine (on Linux: of the network
 * namespace), and is free when that ends, however it ends.
 */
async function lock(path: string): Promise<() => Promise<void>> {
  const place = join(await realpath(dirname(path)), basename(path));
  const name = `audit-spool-${createHash("sha256").update(place).digest("hex")}`;
  if (process.platform !== "linux" && process.platform !== "win32") {
    throw new SpoolError("a spool can be locked on Linux and Windows alone");
  }
  const server = createServer((connection) => connection.destroy()).unref();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(cause.code === "EADDRINUSE"
      ? new SpoolLocked(`${path} is held: one process at a time has a spool`, { cause })
      : new SpoolError(`${path} cannot be locked: ${cause.message}`, { cause })));
    // Workers of a cluster share what they listen on unless it is exclusive.
    server.listen({ path: process.platform === "linux" ? `\0${name}` : `\\\\?\\pipe\\${name}`, exclusive: true }, resolve);
  });
  return () => new Promise((resolve) => void server.close(() => resolve()));
}
