#!/usr/bin/env python3
"""What a recorded file of an agent host says of its calls, read from the file alone.

Usage: truth.py FORMAT FILE [LINES ...]

Prints a JSON list: for each LINES the story of the first so many lines; without LINES that of the whole file. A story
is an object: "<session> <call>" to state, tool, agent, parent, by, input, output, guessed, requested_at, settled_at.
It shares nothing with the program that it is held against.
"""
import datetime
import json
import re
import sys


def short(value):
    text = value if isinstance(value, str) else canonical(value)
    data = text.encode("utf-8")
    total = 0
    for one in data:
        total = (total * 31 + one) % 1_000_000_007
    return f"{len(data)}:{total}"


class Number(str):
    """A number as it was written."""


def canonical(value):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{canonical(v)}" for k, v in sorted(value.items(), key=lambda kv: kv[0].encode("utf-16-be"))) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(one) for one in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def millis(text):
    if not text:
        return None
    match = re.fullmatch(r"(.*?)(\.\d+)?(Z|[+-]\d\d:\d\d)", text)
    moment = datetime.datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    return int(moment.timestamp()) * 1000 + int(float("0" + (match[2] or ".0")) * 1000 + 1e-6)


def events_of(lines):
    for line in lines:
        if line.strip():
            yield json.loads(line, parse_int=Number, parse_float=Number)


def obj(value):
    return value if isinstance(value, dict) else {}


class Call(dict):
    def put(self, name, value):
        if value is not None and name not in self:
            self[name] = value


def told(state, tool, call):
    story = {"state": state, "tool": tool}
    for name in ("agent", "parent", "by", "input", "output", "guessed", "requested_at", "settled_at"):
        story[name] = call.get(name)
    return {name: value for name, value in story.items() if value is not None}


# ---------------------------------------------------------------- Claude Code: transcripts and stream-json

USER_SAID = " user said:\n"


def text_of(content):
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(one["text"] for one in content if isinstance(obj(one).get("text"), str) and one["text"])
    return canonical(content)


SHELLS = ("Bash", "PowerShell")
FILES = ("Read", "Write", "Edit", "MultiEdit", "NotebookEdit", "NotebookRead", "Glob", "Grep", "LS", "LSP")


def claude_names(pattern, text, tool):
    """The host's own words: they name the tool, or what a tool of the host was to do."""
    match = re.match(pattern, text, re.S)
    if not match:
        return False
    groups = match.groupdict()
    if groups.get("tool"):
        return tool in (None, groups["tool"])
    return not groups.get("file") or tool is None or tool in SHELLS + FILES


def claude_verdict(text, failed, kind, begun, tool):
    """(state, who decided) of a tool's result."""
    if not failed and not kind:
        return "completed", None
    wording = None
    if text.startswith("The user doesn't want to proceed with this tool use."):
        wording = ("blocked", "user")
    elif text.startswith("Permission for this tool use was denied."):
        wording = ("blocked", "user" if USER_SAID in text else None)
    elif text.startswith("The user doesn't want to take this action right now.") or text.startswith("[Request interrupted by user"):
        wording = ("cancelled", "user")
    elif not begun or kind:
        if text.startswith("Permission for this action was denied by the Claude Code auto mode classifier"):
            wording = ("blocked", "classifier")
        elif claude_names(r"(Hook )?PreToolUse(:(?P<tool>\S+))? (hook |denied)", text, tool):
            wording = ("blocked", "hook")
        elif claude_names(r"Permission to (use (?P<tool>\S+)( with .*?)?|(?P<file>[a-z]+) .*?) has been denied", text, tool):
            wording = ("blocked", "host policy")
        elif claude_names(r"Claude requested permissions to (use (?P<tool>[^\s,]+)|(?P<file>[a-z]+) .*?), but you haven't granted it", text, tool):
            wording = ("blocked", "nobody")
        elif (tool is None or tool in SHELLS) and re.match(r"This( \S+)? command (requires approval|contains multiple operations)", text):
            wording = ("blocked", "nobody")
    if wording and begun and not kind and wording[1] != "user":
        wording = None
    if kind:
        if kind in ("interrupted", "cancelled"):
            wording = ("cancelled", "user")
        elif kind == "user-rejected":
            wording = wording if wording and (wording[1] in ("user", "nobody")) else ("blocked", "user")
        elif kind == "permission-rule":
            wording = wording if wording and wording[1] in ("host policy", "hook") else ("blocked", None)
        elif kind == "automode-blocked":
            wording = ("blocked", "classifier")
        elif kind == "automode-unavailable":
            wording = ("blocked", "nobody")
        else:
            wording = ("blocked", None)
    if wording:
        return ("cancelled", wording[1]) if begun else wording
    if text.startswith("<tool_use_error>"):
        error = text[len("<tool_use_error>"):]
        for start in ("Sibling tool call errored", "Cancelled: parallel tool call", "Streaming fallback"):
            if error.startswith(start):
                return "cancelled", "host"
        return "invalidated", None
    return "completed", None


def claude_code(lines):
    if all("hook_event_name" in e for e in events_of(lines)):
        return hooks(events_of(lines))
    calls, results, begun, spawned, asked = {}, {}, {}, {}, {}
    decided, listed, latest = {}, set(), None

    def call_of(session, name):
        return calls.setdefault((session or "-", name), Call())

    def message(line, holder, session, agent, parent):
        content = obj(line.get("message")).get("content")
        if line.get("type") not in ("assistant", "user") or not isinstance(content, list):
            return
        parts = [one for one in content if isinstance(one, dict) and re.search("tool_(use|result)$", str(one.get("type")))]
        at = millis(line.get("timestamp"))
        for part in parts:
            if part["type"].endswith("tool_use"):
                call = call_of(session, part["id"])
                call.put("tool", part["name"])
                call.put("input", short(part["input"]) if part.get("input") is not None else None)
                call.put("requested_at", at)
            else:
                call = call_of(session, part["tool_use_id"])
                failed = part.get("is_error", False) is True or str(obj(part.get("content")).get("type", "")).endswith("_error")
                kind = None
                meta = line.get("tool_result_meta") or holder.get("tool_result_meta")
                if isinstance(meta, list):
                    for one in meta:
                        if obj(one).get("id") == part["tool_use_id"]:
                            kind = one.get("non_execution_kind")
                elif isinstance(meta, dict) and failed and len(parts) == 1:
                    kind = meta.get("non_execution_kind")
                if kind is None and failed and len(parts) == 1:
                    kind = line.get("toolDenialKind") or holder.get("toolDenialKind")
                rich = line.get("toolUseResult") or line.get("tool_use_result") if len(parts) == 1 else None
                if isinstance(rich, dict) and rich.get("agentId"):
                    spawned.setdefault((session, rich["agentId"]), part["tool_use_id"])
                results.setdefault((session or "-", part["tool_use_id"]), (text_of(part.get("content")), failed, kind, at))
            call.put("agent", agent)
            call.put("parent", parent)
            if agent and not parent:
                call["unlinked"] = (session, agent)

    def progress(line, session):
        data, call = obj(line.get("data")), line.get("parentToolUseID")
        if not call or data.get("type") in (None, "hook_progress"):
            return
        begun.setdefault((session or "-", call), millis(line.get("timestamp")))
        call_of(session, call)
        if data["type"] == "agent_progress" and isinstance(data.get("message"), dict):
            inner, agent = data["message"], data.get("agentId")
            if agent:
                spawned.setdefault((session, agent), call)
            if inner.get("type") == "progress":
                progress(inner, session)
            else:
                message(inner, line, session, agent, call)

    for line in events_of(lines):
        session = line.get("session_id") or line.get("sessionId") or latest
        latest = session
        kind, sub = line.get("type"), line.get("subtype")
        agent = line.get("agent_id") or line.get("agentId")
        if kind == "progress":
            progress(line, session)
        elif kind in ("assistant", "user"):
            message(line, {}, session, agent, line.get("parent_tool_use_id"))
        elif kind == "system" and sub == "permission_denied" and line.get("tool_use_id"):
            call = call_of(session, line["tool_use_id"])
            call.put("tool", line.get("tool_name"))
            call.put("parent", line.get("parent_tool_use_id"))
            decided[(session or "-", line["tool_use_id"])] = ("blocked", {
                "rule": "host policy", "hook": "hook", "classifier": "classifier"}.get(line.get("decision_reason_type")))
        elif (kind == "system" and sub == "task_started" or kind == "tool_progress") and line.get("tool_use_id"):
            call_of(session, line["tool_use_id"])
            begun.setdefault((session or "-", line["tool_use_id"]), millis(line.get("timestamp")))
        elif kind == "control_request" and obj(line.get("request")).get("tool_use_id"):
            asked[line["request_id"]] = (session or "-", line["request"]["tool_use_id"])
            call_of(session, line["request"]["tool_use_id"])
            decided[asked[line["request_id"]]] = ("awaiting_confirmation", None)
        elif kind == "control_response":
            response = obj(line.get("response"))
            if response.get("request_id") in asked:
                allowed = obj(response.get("response")).get("behavior") == "allow"
                decided[asked[response["request_id"]]] = ("approved" if allowed else "blocked", None)
        elif kind == "result":
            for denial in line.get("permission_denials") or []:
                if denial.get("tool_use_id"):
                    call_of(session, denial["tool_use_id"]).put("tool", denial.get("tool_name"))
                    listed.add((session or "-", denial["tool_use_id"]))

    story = {}
    for name, call in calls.items():
        if "parent" not in call and "unlinked" in call:
            call.put("parent", spawned.get(call["unlinked"]))
        state, by = "requested", None
        if name in decided:
            state, by = decided[name]
        if name in begun:
            state = "running"
        if name in results:
            text, failed, kind, at = results[name]
            now, who = claude_verdict(text, failed, kind, name in begun, None if kind else call.get("tool"))
            refused = (name in listed or decided.get(name, ("", ""))[0] == "blocked") and now != "cancelled"
            state, by = ("blocked", who or by) if refused else (now, who)
            call.put("settled_at", at)
            if state == "completed":
                call["output"] = f"{'false' if failed else 'true'} {short(text)}"
        elif name in listed:
            state = "blocked"
        call["by"] = by
        story["{} {}".format(*name)] = told(state, call.get("tool"), call)
    return story


# ---------------------------------------------------------------- Copilot

DECIDERS = {"human_response": "user", "host_policy": "host policy", "hook": "hook", "assisted_approval": "classifier",
            "unattended_fallback": "nobody", "authorization_carry_forward": "user, earlier"}
REFUSERS = {"denied-by-permission-request-hook": "hook", "denied-interactively-by-user": "user", "denied-by-rules": "host policy",
            "denied-by-content-exclusion-policy": "host policy", "user-not-available": "nobody",
            "denied-no-approval-rule-and-could-not-request-from-user": "nobody"}


def spans(events):
    """The file of Copilot's own telemetry."""
    story = {}
    for e in events:
        given = obj(e.get("attributes"))
        if e.get("type") != "span" or given.get("gen_ai.operation.name") != "execute_tool":
            continue
        asked = given.get("gen_ai.tool.call.arguments")
        if isinstance(asked, str) and asked.startswith("{"):
            asked = json.loads(asked, parse_int=Number, parse_float=Number)
        status = obj(e.get("status"))
        failed = status.get("code") == "2" or "error.type" in given
        text = given.get("gen_ai.tool.call.result") or (status.get("message") or given.get("error.type") or "error" if failed else "")
        call = {"requested_at": int(e["startTime"][0]) * 1000 + int(e["startTime"][1]) // 1_000_000,
                "input": short(asked) if asked is not None else None}
        if "endTime" in e:
            call["settled_at"] = int(e["endTime"][0]) * 1000 + int(e["endTime"][1]) // 1_000_000
            call["output"] = f"{'false' if failed else 'true'} {short(text)}"
        name = f"{given['gen_ai.conversation.id']} {given['gen_ai.tool.call.id']}"
        story[name] = told("completed" if "endTime" in e else "requested", given.get("gen_ai.tool.name"), call)
    return story


def copilot(lines):
    events = list(events_of(lines))
    if any(e.get("type") == "span" and "data" not in e for e in events):
        return spans(events)
    session = next((obj(e.get("data")).get("sessionId") or e.get("sessionId") for e in events
                    if e.get("type") in ("session.start", "external_tool.requested", "result")
                    and (obj(e.get("data")).get("sessionId") or e.get("sessionId"))), "-")
    calls, requests, spawned, hooks, ended, tale = {}, {}, {}, {}, {}, {}
    for e in events:
        if e["type"] == "tool.execution_complete":
            ended[e["data"]["toolCallId"]] = e
        if e["type"] == "subagent.started" and e.get("agentId"):
            spawned[e["agentId"]] = e["data"]["toolCallId"]
        if e["type"] == "permission.requested":
            requests[e["data"]["requestId"]] = e["data"]["permissionRequest"].get("toolCallId") or "permission:" + e["data"]["requestId"]
        if e["type"] == "external_tool.requested":
            requests[e["data"]["requestId"]] = e["data"]["toolCallId"]
        if e["type"] == "hook.start":
            hooks[e["data"]["hookInvocationId"]] = obj(e["data"].get("input"))

    def call_of(e, name, own=True):
        call = calls.setdefault(name, Call())
        if own:
            call.put("agent", e.get("agentId"))
            parent = obj(e.get("data")).get("parentToolCallId") or spawned.get(e.get("agentId"))
            call.put("parent", parent if parent != name else None)
        return call

    def happen(e, name, what, by=None):
        tale.setdefault(name, []).append((millis(e.get("timestamp")) or 0, what, by))

    def request(e, name, tool, given):
        call = call_of(e, name)
        call.put("tool", tool)
        call.put("input", short(given) if given is not None else None)
        call.put("requested_at", millis(e.get("timestamp")))
        happen(e, name, "requested")

    for e in events:
        kind, data = e["type"], obj(e.get("data"))
        if kind == "assistant.message" and isinstance(data.get("toolRequests"), list):
            for one in data["toolRequests"]:
                if isinstance(one, dict) and one.get("toolCallId") and one.get("name"):
                    request(e, one["toolCallId"], one["name"], one.get("arguments"))
        elif kind in ("tool.user_requested", "tool.execution_start", "external_tool.requested"):
            request(e, data["toolCallId"], data["toolName"], data.get("arguments"))
        elif kind in ("tool.execution_progress", "tool.execution_partial_result"):
            end = ended.get(data["toolCallId"])
            call_of(e, data["toolCallId"])
            if end is None or millis(e["timestamp"]) < millis(end["timestamp"]):
                happen(e, data["toolCallId"], "running")
        elif kind == "external_tool.completed" and data.get("requestId") in requests:
            happen(e, requests[data["requestId"]], "running")
        elif kind == "subagent.started":
            call_of(e, data["toolCallId"], own=False)
            happen(e, data["toolCallId"], "running")
        elif kind == "permission.requested":
            asked = data["permissionRequest"]
            name = requests[data["requestId"]]
            call = call_of(e, name)
            if "toolCallId" not in asked:
                call.put("tool", asked["kind"])
            happen(e, name, "awaiting_confirmation")
        elif kind == "permission.completed":
            name = data.get("toolCallId") or requests.get(data["requestId"])
            result = data["result"] if isinstance(data["result"], dict) else {"kind": data["result"]}
            if name is None or result["kind"] == "no-result":
                continue
            call_of(e, name)
            approving = result["kind"].startswith("approve") or result["kind"] == "auto"
            source = DECIDERS.get(data.get("decisionSource"))
            happen(e, name, "approved" if approving else "blocked", source if approving or source else REFUSERS.get(result["kind"]))
        elif kind == "hook.end" and obj(data.get("output")).get("permissionDecision") == "deny":
            given = hooks.get(data["hookInvocationId"], {})
            name = given.get("toolCallId") or next(
                (one for one, call in calls.items() if call.get("tool") == given.get("toolName")
                 and call.get("input") == short(given.get("toolArgs"))), None)
            if name:
                happen(e, name, "blocked", "hook")
        elif kind == "tool.execution_complete":
            call = call_of(e, data["toolCallId"])
            error, result = data.get("error"), data.get("result")
            text = obj(result).get("content") if isinstance(obj(result).get("content"), str) else None
            text = text or obj(error).get("message")
            chosen = result if data["success"] else error
            text = text if text is not None else "" if chosen is None else chosen if isinstance(chosen, str) else canonical(chosen)
            call["result"] = (data["success"], text, obj(error).get("code"), millis(e.get("timestamp")))
        elif kind == "mcp_app.tool_call_complete":
            call = call_of(e, "mcp-app:" + e["id"])
            call.put("tool", data["toolName"])
            call.put("input", short(data["arguments"]) if data.get("arguments") is not None else None)
            content = obj(data.get("result")).get("content")
            text = text_of(content) if content else obj(data.get("error")).get("message", "")
            call["result"] = (data["success"], text, None, millis(e.get("timestamp")))

    story = {}
    for name, call in calls.items():
        steps = sorted(tale.get(name, []), key=lambda step: step[0])
        state = "requested"
        for _, what, by in steps:
            if what == "running" and state == "blocked":
                continue
            if not (what == "requested" and state != "requested"):
                state = what
            call["by"] = by or call.get("by")
        if "result" in call:
            success, text, code, at = call["result"]
            knew = any(step[1] in ("approved", "blocked", "running") for step in steps)
            if any(step[1] == "blocked" for step in steps) and not success:
                state = "blocked"
            elif not success and not knew and (
                    code in ("denied", "rejected") or text.startswith("Denied by preToolUse hook") or code is None and (
                        text.startswith("Permission denied and could not request permission from user")
                        or text == "The user rejected this tool call.")):
                state = "blocked"
                call["by"] = ("user" if code == "rejected" else "hook" if text.startswith("Denied by pre")
                              else "nobody" if text.startswith("Permission denied and could not") else "host policy" if code == "denied" else "user")
            else:
                state = "completed"
                call["output"] = f"{'true' if success else 'false'} {short(text)}"
            call["settled_at"] = next((step[0] for step in steps if step[1] == "blocked"), at)
        elif state == "blocked":
            call["settled_at"] = next(step[0] for step in steps if step[1] == "blocked")
        story[f"{session} {name}"] = told(state, call.get("tool"), call)
    return story


# ---------------------------------------------------------------- agent-code

# What a command ends with that ran, whatever it wrote before.
EXIT_CODE = "\n\nExit code: "


def agent_code(lines):
    session, groups, story = "-", {}, {}
    for e in events_of(lines):
        kind = e["type"]
        turn, tool = e.get("turn", Number("0")), e.get("tool", e.get("name", ""))
        group = groups.setdefault((turn, tool), {"asked": 0, "ended": 0, "open": [], "guess": False, "denied": None})
        name = lambda number: f"{session} turn-{turn}-{tool}-{number}"
        if kind == "session_start":
            session = e["session_id"]
        elif kind in ("tool_call", "tool_start"):
            group["asked"] += 1
            group["open"].append(e.get("input"))
            group["guess"] |= len(group["open"]) > 1
            story[name(group["asked"])] = {"state": "requested", "tool": tool, "input": short(e["input"])}
        elif kind == "permission_denied" and EXIT_CODE in e["reason"]:
            pass
        elif kind == "permission_denied":
            group["denied"] = e["reason"]
            call = story.setdefault(name(group["ended"] + 1), {"tool": tool})
            if e["reason"].startswith("rejected at validation: "):
                call["state"] = "invalidated"
            else:
                call.update(state="blocked", by="user" if e["reason"] == "user denied at prompt" else "host policy")
            if group["guess"]:
                call["guessed"] = True
        elif kind == "tool_result":
            group["ended"] += 1
            guess = group["guess"]
            if group["open"]:
                group["open"].pop(0)
            group["guess"] = guess and bool(group["open"])
            call = story.setdefault(name(group["ended"]), {"tool": tool} if tool else {})
            text, denied = e.get("output", e.get("content", "")), group["denied"]
            group["denied"] = None
            if EXIT_CODE in text:
                pass
            elif e["is_error"] and denied is None and "tool" not in e and text.startswith("Permission denied: ") and "(os error" not in text:
                denied = text[len("Permission denied: "):]
            if e["is_error"] and text == "Permission denied by user":
                denied = "user denied at prompt"
            if e["is_error"] and EXIT_CODE in text:
                call.update(state="completed", output=f"false {short(text)}")
            elif e["is_error"] and denied is not None:
                if denied.startswith("rejected at validation: "):
                    call["state"] = "invalidated"
                else:
                    call.update(state="blocked", by="user" if denied == "user denied at prompt" else "host policy")
            elif e["is_error"] and text.startswith("Blocked by pre-tool-use hook: "):
                call.update(state="blocked", by="hook")
            elif e["is_error"] and (text.startswith("Plan mode active: ") or text.startswith("Permission target changed after")):
                call.update(state="blocked", by="host policy")
            elif e["is_error"] and text == "(cancelled)":
                call["state"] = "cancelled"
            elif e["is_error"] and text.startswith("Tool '") and text.endswith("' not found"):
                call["state"] = "invalidated"
            else:
                call.update(state="completed", output=f"{'false' if e['is_error'] else 'true'} {short(text)}")
            if guess:
                call["guessed"] = True
    return story


# ---------------------------------------------------------------- Claude Code: payloads of hooks


def hooks(events):
    calls, open_calls = {}, []
    for e in events:
        what, tool, given = e["hook_event_name"], e.get("tool_name"), e.get("tool_input")
        name = f"{e['session_id']} {e.get('tool_use_id')}"
        if what == "PostToolBatch":
            for one in e.get("tool_calls", []):
                call = calls.setdefault(f"{e['session_id']} {one['tool_use_id']}", Call(state="requested"))
                call.put("tool", one["tool_name"])
                call.put("input", short(one["tool_input"]))
            continue
        if what == "PermissionRequest" and "tool_use_id" not in e:
            name = next((one for one in open_calls if calls[one]["tool"] == tool and calls[one].get("input") == short(given)), None)
            if name is None:
                continue
        elif "tool_use_id" not in e:
            continue
        call = calls.setdefault(name, Call(state="requested"))
        call.put("tool", tool)
        call.put("input", short(given) if given is not None else None)
        call.put("agent", e.get("agent_id"))
        if what == "PreToolUse":
            open_calls.append(name)
        elif what == "PermissionRequest":
            call["state"] = "awaiting_confirmation"
        elif what == "PermissionDenied":
            call.update(state="blocked", by="classifier")
        elif what in ("PostToolUse", "PostToolUseFailure"):
            failed = what == "PostToolUseFailure"
            answer = e.get("error") if failed else obj(e.get("tool_response")).get("stdout") or e.get("tool_response")
            call.update(state="completed", output=f"{'false' if failed else 'true'} {short(answer)}")
    return {name: told(call["state"], call.get("tool"), call) for name, call in calls.items()}


# ---------------------------------------------------------------- OpenTelemetry

CONVERSATIONS = ("gen_ai.conversation.id", "conversation.id", "langfuse.session.id", "langsmith.trace.session_id",
                 "traceloop.association.properties.session_id", "ai.telemetry.metadata.sessionId",
                 "gcp.vertex.agent.session_id", "session.id")
INPUTS = ("tool_input", "ai.toolCall.args", "ai.toolCall.input", "input.value", "tool.parameters", "traceloop.entity.input",
          "langfuse.observation.input", "gen_ai.prompt", "tool_arguments", "gcp.vertex.agent.tool_call_args",
          "gen_ai.tool.call.arguments", "function_args")
OUTPUTS = ("tool_output", "ai.toolCall.result", "ai.toolCall.output", "output.value", "traceloop.entity.output",
           "langfuse.observation.output", "gen_ai.completion", "tool_response", "code.function.return.value",
           "gcp.vertex.agent.tool_response", "gen_ai.tool.call.result")
TOOLS = ("tool_name", "ai.toolCall.name", "tool.name", "traceloop.entity.name", "gen_ai.tool.name", "function_name")
CALLS = ("tool_use_id", "ai.toolCall.id", "tool_call.id", "tool.id", "gen_ai.tool.call.id", "call_id", "tool_call_id")


def any_value(value):
    if "kvlistValue" in value:
        return {one["key"]: any_value(one["value"]) for one in value["kvlistValue"].get("values", [])}
    if "arrayValue" in value:
        return [any_value(one) for one in value["arrayValue"].get("values", [])]
    if "intValue" in value:
        return Number(value["intValue"])
    return next(iter(value.values()), None)


def attributes(holder):
    return {one["key"]: any_value(one["value"]) for one in obj(holder).get("attributes", [])}


def first(given, names):
    return next((given[name] for name in names if given.get(name) not in (None, "")), None)


def nested(value):
    """Objects are sent as a text that holds them."""
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value, parse_int=Number, parse_float=Number)
        except ValueError:
            return value
    return value


def nanos(text):
    return int(text) // 1_000_000 if text else None


def is_call(name, given):
    return (given.get("gen_ai.operation.name") == "execute_tool" or name.startswith("execute_tool ")
            or given.get("ai.operationId") == "ai.toolCall" or given.get("openinference.span.kind") == "TOOL"
            or given.get("traceloop.span.kind") == "tool" or given.get("langfuse.observation.type") == "tool"
            or given.get("langsmith.span.kind") == "tool" or name == "running tool" or "tool_arguments" in given
            or "gcp.vertex.agent.tool_call_args" in given or given.get("mcp.method.name") == "tools/call"
            or name == "claude_code.tool" or (given.get("span.type") == "tool" and "tool_use_id" in given))


def otlp(lines):
    spans, logs = {}, []
    for body in events_of(lines):
        for resource in body.get("resourceSpans", []):
            for scope in resource.get("scopeSpans", []):
                for span in scope.get("spans", []):
                    spans[(span["traceId"], span["spanId"])] = (span, attributes(span), attributes(resource.get("resource")))
        for resource in body.get("resourceLogs", []):
            for scope in resource.get("scopeLogs", []):
                logs += [(one, attributes(one), attributes(resource.get("resource"))) for one in scope.get("logRecords", [])]

    def above(span):
        while (span["traceId"], span.get("parentSpanId")) in spans:
            found = spans[(span["traceId"], span["parentSpanId"])]
            span = found[0]
            yield found

    def name_of(span, given):
        return first(given, CALLS) or "span:" + span["spanId"].lower()

    story = {}
    for span, given, resource in spans.values():
        if not is_call(span["name"], given):
            continue
        tool = first(given, TOOLS) or re.sub("^(execute_tool|tools/call) ", "", span["name"])
        if tool == "(merged tools)":
            continue
        around = list(above(span))
        session = (first(given, CONVERSATIONS) or next((first(one[1], CONVERSATIONS) for one in around if first(one[1], CONVERSATIONS)), None)
                   or given.get("mcp.session.id") or first(resource, CONVERSATIONS) or "trace:" + span["traceId"].lower())
        asked = nested(first(given, INPUTS))
        if asked is None:
            asked = {key[len("code.function.parameters."):-len(".value")]: value for key, value in given.items()
                     if key.startswith("code.function.parameters.") and key.endswith(".value")} or None
        status = span.get("status", {})
        failed = str(status.get("code", "")) in ("2", "STATUS_CODE_ERROR") or "error.type" in given
        answer = first(given, OUTPUTS)
        if answer is None:
            answer = (status.get("message") or given.get("error.type") or "error") if failed else ""
        agents = ("gen_ai.agent.name", "agent.name", "agent_id")
        call = {
            "agent": first(given, agents) or next((first(one[1], agents) for one in around if first(one[1], agents)), None),
            "parent": next((name_of(one[0], one[1]) for one in around if is_call(one[0]["name"], one[1])), None),
            "input": short(asked) if asked is not None else None, "requested_at": nanos(span.get("startTimeUnixNano")),
        }
        # The span of a call of Claude Code does not say whether its tool ran.
        ended = "endTimeUnixNano" in span and span["name"] != "claude_code.tool"
        if ended:
            call.update(output=f"{'false' if failed else 'true'} {short(answer)}", settled_at=nanos(span["endTimeUnixNano"]))
        story[f"{session} {name_of(span, given)}"] = told("completed" if ended else "requested", tool, call)

    for record, given, resource in logs:
        event = record.get("eventName") or given.get("event.name") or obj(record.get("body")).get("stringValue")
        if event != "gemini_cli.tool_call":
            continue
        asked, at = nested(first(given, INPUTS)), nanos(record["timeUnixNano"])
        refused, ran = given.get("decision") == "reject", given.get("success") is True
        call = {"input": short(asked), "settled_at": at}
        if ran or not refused:
            call["output"] = f"{'true' if ran else 'false'} {short('' if ran else given.get('error') or given.get('error_type') or 'error')}"
        state = "blocked" if refused else "completed"
        one = told(state, first(given, TOOLS), call)
        # Without an id of the call it is known by what it says.
        story[f"{first(given, CONVERSATIONS)} log:{state} {one['tool']} {one.get('input')} {one.get('output')} {at}"] = one
    return story


# ---------------------------------------------------------------- the Model Context Protocol, agent-sdk, chats, CloudEvents


def mcp(lines):
    story = {}
    for e in events_of(lines):
        name = f"- {e.get('id', obj(e.get('params')).get('requestId'))}"
        if e.get("method") == "tools/call":
            asked = e["params"].get("arguments")
            story[name] = {"state": "requested", "tool": e["params"]["name"]} | ({"input": short(asked)} if asked is not None else {})
        elif e.get("method") == "notifications/cancelled" and name in story:
            story[name]["state"] = "cancelled"
        elif "method" not in e and name in story:
            result = obj(e.get("result"))
            text = e["error"]["message"] if "error" in e else text_of(result.get("content"))
            failed = "error" in e or result.get("isError") is True
            story[name].update(state="completed", output=f"{'false' if failed else 'true'} {short(text)}")
    return story


def records(lines):
    kinds, calls = {"requires_confirmation": "awaiting_confirmation"}, {}
    for e in events_of(lines):
        calls.setdefault(e["tool_call_id"], []).append(e)
    story = {}
    for name, told_of in calls.items():
        told_of.sort(key=lambda e: millis(e["recorded_at"]))
        last, call = told_of[-1], Call()
        call.put("input", short(told_of[0]["requested_input"]))
        settled = next((e for e in told_of if e["outcome"]["kind"] in ("completed", "blocked", "cancelled", "invalidated")), None)
        call.put("settled_at", millis(settled["recorded_at"]) if settled else None)
        requested = next((e for e in told_of if e["outcome"]["kind"] == "requested"), None)
        call.put("requested_at", millis(requested["recorded_at"]) if requested else None)
        state = kinds.get(last["outcome"]["kind"], last["outcome"]["kind"])
        if state == "completed":
            result = last["outcome"]["result"]
            call["output"] = f"{'true' if result['success'] else 'false'} {short(result['output'])}"
        story[f"- {name}"] = told(state, last["tool_name"], call)
    return story


def openai(lines):
    story = {}
    for e in events_of(lines):
        for choice in e.get("choices", []):
            for call in obj(choice.get("message")).get("tool_calls") or []:
                asked = nested(call["function"]["arguments"])
                story[f"- {call['id']}"] = {
                    "state": "requested", "tool": call["function"]["name"], "input": short(asked),
                    "requested_at": int(e["created"]) * 1000}
    return story


def anthropic(lines):
    story = {}
    for e in events_of(lines):
        for part in e.get("content", []):
            if part.get("type") == "tool_use":
                story[f"- {part['id']}"] = {"state": "requested", "tool": part["name"], "input": short(part["input"])}
            elif part.get("type") == "tool_result":
                failed = part.get("is_error") is True
                story[f"- {part['tool_use_id']}"].update(
                    state="completed", output=f"{'false' if failed else 'true'} {short(text_of(part.get('content')))}")
    return story


def adk(lines):
    story = {}
    for line in lines:
        if not line.strip():
            continue
        whole = json.loads(line)
        for e in whole.get("events", [whole]):
            for part in obj(e.get("content")).get("parts", []):
                if "functionCall" in part:
                    asked = part["functionCall"]
                    story[f"- {asked['id']}"] = {
                        "state": "requested", "tool": asked["name"], "agent": e["author"], "input": short(asked["args"])}
                elif "functionResponse" in part:
                    answer = part["functionResponse"]
                    # The text of the answer as it stands in the file.
                    text = json.dumps(answer["response"], ensure_ascii=False)
                    story[f"- {answer['id']}"].update(state="completed", output=f"true {short(text)}")
    return story


def codex(lines):
    session, story = "-", {}
    for e in events_of(lines):
        session = e.get("thread_id", session)
        item = obj(e.get("item"))
        if item.get("type") != "command_execution":
            continue
        call = story.setdefault(f"{session} {item['id']}", {
            "state": "requested", "tool": "shell", "input": short({"command": item["command"]})})
        if e["type"] == "item.completed":
            call["state"] = "blocked" if item["status"] == "declined" else "completed"
            if call["state"] == "completed":
                good = item["status"] != "failed" and item.get("exit_code", "0") == "0"
                call["output"] = f"{'true' if good else 'false'} {short(item['aggregated_output'])}"
    return story


def cloudevents(lines):
    within = [e["data"] for e in events_of(lines) if "tool_call_id" in obj(e.get("data"))]
    return records([json.dumps(one) for one in within])


READERS = {"claude-code": claude_code, "copilot": copilot, "agent-code": agent_code, "otlp": otlp, "mcp": mcp,
           "agent-sdk": records, "openai": openai, "anthropic": anthropic, "adk": adk, "codex": codex, "cloudevents": cloudevents}


def main(name, path, *counts):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    stories = [READERS[name](lines[:int(count)]) for count in counts or [len(lines)]]
    json.dump(stories, sys.stdout, indent=1, sort_keys=True, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
