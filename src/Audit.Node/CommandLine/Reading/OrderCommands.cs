namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit approvals` and `audit stop`: what stands for more calls than one.</summary>
internal static class OrderCommands
{
    private static readonly Column<ApprovalAnswer>[] Approvals =
    [
        new("id", one => one.Id), new("decision", one => one.Decision), new("source", one => one.Source),
        new("session", one => one.SessionId), new("agent", one => one.Agent), new("tool", one => one.Tool),
        new("kind", one => one.Kind), new("by", one => one.By), new("rule", one => one.Rule),
        new("until", one => Cells.Clock(one.Until)),
    ];

    private static readonly Column<StopAnswer>[] Stops =
    [
        new("id", one => one.Id), new("source", one => one.Source), new("session", one => one.SessionId),
        new("agent", one => one.Agent), new("by", one => one.By), new("at", one => Cells.Clock(one.At)),
        new("reason", one => one.Reason),
    ];

    private const string AboutErase =
        "Asks that the content of a session, of a call, or of the calls that an agent made or that match be erased, or "
        + "confirms it; without any of them lists the erasures. Heads and proofs stay. It needs the role approve or "
        + "admin, and two persons.";

    private const string AboutHold =
        "Holds what a session, a call, a source, an agent, a task or all have, or what began before a time, so that "
        + "nothing of it is erased, until two administrators lift it; without any of them lists the holds.";

    private static readonly Column<KeepingAnswer>[] Kept =
    [
        new("id", one => one.Id), new("source", one => one.Source), new("session", one => one.SessionId),
        new("call", one => one.ToolCallId), new("agent", one => one.Agent), new("task", one => one.Task),
        new("before", one => one.Before), new("match", one => one.Match),
        new("calls", one => one.Count is { } count ? count.ToString(CultureInfo.InvariantCulture) : null),
        new("state", one => one.State), new("by", one => one.By), new("second", one => one.SecondBy),
        new("at", one => one.At), new("reason", one => one.Reason), new("pending", one => one.Pending),
        new("held up", one => one.HeldUp),
    ];

    public static Command MakeApprovals(Surroundings surroundings)
    {
        var command = new Command("approvals", "Lists approvals for sessions and locations, or takes one back.");
        var end = command.AddText("--end", "ID", "takes this one back");
        var reason = command.AddText("--reason", "TEXT", "why; needed with --end");
        return command.Asks(
            surroundings,
            asked => asked.Get(end) is { } id
                ? PostAsync(asked, $"v1/approvals/{Uri.EscapeDataString(id)}/end", asked.Get(reason)!)
                : asked.PrintListAsync(
                    int.MaxValue, "approvals", "v1/approvals", WireJson.Default.ApprovalAnswer, Approvals),
            parsed => RequireReason(parsed.GetValue(end), parsed.GetValue(reason), "--end"));
    }

    public static Command MakeStop(Surroundings surroundings)
    {
        var command = new Command(
            "stop", "Refuses at once whatever is asked for an agent, a session, a source or all, until a person lifts "
            + "it; without any of them lists the stops.");
        var agent = command.AddText("--agent", "AGENT", "stops this agent");
        var session = command.AddText("--session", "SESSION", "stops this session");
        var source = command.AddText("--source", "SOURCE", "stops this source, or with the others theirs alone");
        var all = command.AddFlag("--all", "stops everybody");
        var lift = command.AddText("--lift", "ID", "lifts this stop");
        var reason = command.AddText("--reason", "TEXT", "why; needed but for the list");
        return command.Asks(
            surroundings,
            async asked =>
            {
                if (asked.Get(lift) is { } id)
                {
                    await PostAsync(asked, $"v1/stops/{Uri.EscapeDataString(id)}/lift", asked.Get(reason)!);
                }
                else if (asked.Get(reason) is { } why)
                {
                    var made = await asked.Node.PostAsync(
                        "v1/stops",
                        new
                        {
                            agent = asked.Get(agent), session_id = asked.Get(session), source = asked.Get(source),
                            all = asked.Get(all), reason = why,
                        },
                        WireJson.Default.StopAnswer, asked.Cancellation);
                    asked.Surroundings.Out.WriteLine(made.Id);
                }
                else
                {
                    await asked.PrintListAsync(
                        int.MaxValue, "stops", "v1/stops", WireJson.Default.StopAnswer, Stops);
                }
            },
            parsed => RequireReason(
                parsed.GetValue(lift) ?? parsed.GetValue(agent) ?? parsed.GetValue(session) ?? parsed.GetValue(source)
                    ?? (parsed.GetValue(all) ? "" : null),
                parsed.GetValue(reason), "A stop"));
    }

    public static Command MakeErase(Surroundings surroundings)
    {
        var command = new Command("erase", AboutErase);
        var session = command.AddOptionalName("SESSION", "whose content is to be erased");
        var source = command.AddSource();
        var call = command.AddText("--call", "CALL", "this call of the session alone");
        var agent = command.AddText("--agent", "AGENT", "the calls that this agent made, and no later ones");
        var list = command.AddText("--list", "ID", "shows the calls that an erasure is of");
        var confirm = command.AddText("--confirm", "ID", "confirms what another person asked for");
        var digest = command.AddText("--digest", "HEX", "with --confirm: of the list of calls that is confirmed");
        var now = command.AddFlag("--now", "with --confirm, by a third person: at once, and not after a week");
        var match = command.AddText(
            "--match", "QUERY",
            "the calls that this finds, such as input.email:VALUE, and no later ones; it is kept nowhere");
        var reason = command.AddText("--reason", "TEXT", "why; needed with what is to be erased");
        return command.Asks(
            surroundings,
            asked => asked.Get(list) is { } id
                ? ListCallsAsync(asked, id)
                : KeepAsync(
                    asked, "v1/erasures", "confirm", asked.Get(confirm),
                    new { now = asked.Get(now), digest = asked.Get(digest) },
                    (asked.Get(session) ?? asked.Get(agent) ?? asked.Get(match)) is null ? null : new
                    {
                        source = asked.Get(source), session_id = asked.Get(session), tool_call_id = asked.Get(call),
                        agent = asked.Get(agent), match = asked.Get(match), reason = asked.Get(reason),
                    }),
            parsed => RequireReason(
                parsed.GetValue(session) ?? parsed.GetValue(agent) ?? parsed.GetValue(match), parsed.GetValue(reason),
                "An erasure"));
    }

    public static Command MakeHold(Surroundings surroundings)
    {
        var command = new Command("hold", AboutHold);
        var all = command.AddFlag("--all", "holds everything");
        var source = command.AddText("--source", "SOURCE", "holds what this source reports");
        var session = command.AddText("--session", "SESSION", "holds this session of --source");
        var call = command.AddText("--call", "CALL", "holds this call of --session");
        var (agent, task) = (
            command.AddText("--agent", "AGENT", "holds what this agent took part in"),
            command.AddText("--task", "TASK", "holds what was done for this task"));
        var before = command.AddText("--before", "TIME", "holds what began before, such as 2026-11-17T00:00:00Z");
        var lift = command.AddText("--lift", "ID", "asks that this hold be lifted, or lifts what another asked for");
        var reason = command.AddText("--reason", "TEXT", "why; needed but for the list");
        return command.Asks(surroundings, asked =>
        {
            var (why, id) = (asked.Get(reason), asked.Get(lift));
            var wanted = new
            {
                source = asked.Get(source), session_id = asked.Get(session), tool_call_id = asked.Get(call),
                agent = asked.Get(agent), task = asked.Get(task), before = asked.Get(before), all = asked.Get(all),
                reason = why,
            };
            return KeepAsync(asked, "v1/holds", "lift", id, new { reason = why }, why is null ? null : wanted);
        });
    }

    private static async Task ListCallsAsync(Asked asked, string id)
    {
        var order = (await asked.AskAsync(
            $"v1/erasures/{Uri.EscapeDataString(id)}", WireJson.Default.KeepingAnswer)).Value;
        foreach (var call in order.Calls ?? [])
        {
            asked.Surroundings.Out.WriteLine(PrintableText.Of(call));
        }

        asked.Surroundings.Out.WriteLine($"{order.Id}\t{order.State}\t{order.Count} calls\t--digest {order.Digest}");
    }

    /// <summary>Acts on an order that is there, makes another, or lists them.</summary>
    private static async Task KeepAsync(
        Asked asked, string path, string act, string? id, object body, object? wanted)
    {
        if (id is null && wanted is null)
        {
            await asked.PrintListAsync(
                int.MaxValue, path["v1/".Length..], path, WireJson.Default.KeepingAnswer, Kept);
            return;
        }

        var order = await asked.Node.PostAsync(
            id is null ? path : $"{path}/{Uri.EscapeDataString(id)}/{act}", id is null ? wanted! : body,
            WireJson.Default.KeepingAnswer, asked.Cancellation);
        asked.Surroundings.Out.WriteLine(
            $"{order.Id}\t{order.State}"
            + (order.Digest is null ? ""
                : $"\t{order.Count} calls, audit erase --list {order.Id}\t--digest {order.Digest}"));
        if (order.HeldUp is { } held)
        {
            asked.Surroundings.Error.WriteLine(PrintableText.Of(held));
        }
    }

    private static async Task PostAsync(Asked asked, string path, string reason)
    {
        await asked.Node.PostAsync(path, new { reason }, WireJson.Default.JsonElement, asked.Cancellation);
        asked.Surroundings.Out.WriteLine("Taken back.");
    }

    private static void RequireReason(string? what, string? reason, string name)
    {
        if (what is not null == string.IsNullOrWhiteSpace(reason))
        {
            throw CommandException.WrongUse(what is not null
                ? $"{name} needs a reason: --reason TEXT."
                : "--reason stands with what it is the reason of.");
        }
    }
}
