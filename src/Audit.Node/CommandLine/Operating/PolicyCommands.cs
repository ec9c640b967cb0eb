namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit policy`: a policy is tried before it decides anything.</summary>
internal static class PolicyCommands
{
    public static Command Make(Surroundings surroundings) =>
        new("policy", "Policies of decisions: whether a file is one, and what it decides.")
        {
            MakeCheck(surroundings), MakeTest(surroundings), MakeReplay(surroundings),
        };

    private static Command MakeCheck(Surroundings surroundings)
    {
        var command = new Command("check", "Reads a policy, and says what is wrong in it or may not be meant.");
        var file = command.AddName("FILE", "the policy, as JSON");
        command.SetAction(parsed => Check(surroundings, ReadPolicy(surroundings, parsed.GetRequiredValue(file))));
        return command;
    }

    private static void Check(Surroundings surroundings, DecisionPolicy policy)
    {
        surroundings.Out.WriteLine(
            $"version {policy.Version}, preset {PolicyWords.Of(policy.Preset)}, rules {policy.Rules.Count}, "
            + $"mode {(policy.Observes ? "observe" : "enforce")}");
        foreach (var warning in PolicyFile.WarningsOf(policy))
        {
            surroundings.Error.WriteLine(PrintableText.Of(warning));
        }
    }

    private static Command MakeTest(Surroundings surroundings)
    {
        var command = new Command(
            "test", "Says what a policy decides on a request, by which rule, and why. The request is what a host sends "
            + "to /v1/decide.");
        var file = command.AddName("FILE", "the policy, as JSON");
        var request = command.AddName("REQUEST", "a file with the request, as JSON");
        var source = command.AddText("--source", "SOURCE", "as what the host's token reports; default host");
        var windows = command.AddTexts("--window", "ID", "a window that is open for the request");
        var bound = command.AddFlag("--bound", "as by a token that is bound to the agent and the task");
        command.SetAction(parsed =>
        {
            var policy = ReadPolicy(surroundings, parsed.GetRequiredValue(file));
            var asked = Read(
                surroundings, parsed.GetRequiredValue(request), "a request to decide on", DecideBody.Read);
            var (verdict, steps) = policy.Explain(asked.RequestOf(parsed.GetValue(source) ?? "host") with
            {
                OpenWindows = parsed.GetValue(windows) ?? [],
                IsAgentBound = parsed.GetValue(bound),
                IsTaskBound = parsed.GetValue(bound),
            });
            surroundings.Out.WriteLine(PrintableText.Of(
                $"{PolicyWords.Of(verdict.Then)} by "
                + (verdict.Rule is { } rule ? $"the rule \"{rule}\"" : $"the preset {PolicyWords.Of(policy.Preset)}")
                + (policy.Observes ? ", which is only observed" : "")));
            foreach (var step in steps)
            {
                surroundings.Out.WriteLine(PrintableText.Of(step));
            }
        });
        return command;
    }

    private static Command MakeReplay(Surroundings surroundings)
    {
        var command = new Command(
            "replay", "Says what a policy would have decided otherwise on what hosts asked. Which windows were open is "
            + "not looked at: none counts as open.");
        var file = command.AddName("FILE", "the policy, as JSON");
        var since = command.AddText("--since", "LENGTH", "how far back, such as 7d; default 7d");
        var bound = command.AddFlag("--bound", "as by tokens that are bound to their agents and tasks");
        var output = command.AddOutput();
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var policy = ReadPolicy(surroundings, parsed.GetRequiredValue(file));
            var text = parsed.GetValue(since) ?? "7d";
            if (!DurationText.TryParse(text, out var length))
            {
                throw CommandException.WrongUse(
                    $"--since \"{text}\" is not accepted; accepted is {DurationText.Accepted}.");
            }

            using var node = await place.Read(parsed).FindNodeAsync(cancellation);
            var after = Rfc3339.Format(Timestamp.From(TimeProvider.System.GetUtcNow() - length));
            using var answer = await node.RequireAsync(
                HttpMethod.Get, NodeClient.PathOf("v1/export", ("format", "ndjson"), ("after", after)), cancellation);
            await using var rows = await answer.Content.ReadAsStreamAsync(cancellation);
            var replay = new PolicyReplay(policy, parsed.GetValue(bound));
            await foreach (var row in JsonSerializer.DeserializeAsyncEnumerable(
                rows, WireJson.Default.JsonElement, topLevelValues: true, cancellation))
            {
                replay.Take(row);
            }

            replay.Print(new Output(surroundings, parsed.GetValue(output)));
        });
        return command;
    }

    private static DecisionPolicy ReadPolicy(Surroundings surroundings, string file) =>
        Read(surroundings, file, "a policy", PolicyFile.Parse);

    private static T Read<T>(
        Surroundings surroundings, string file, string what, Func<ReadOnlyMemory<byte>, T> read)
    {
        try
        {
            return read(File.ReadAllBytes(Path.Combine(Path.GetFullPath(surroundings.Directory), file)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"{file} cannot be read: {failure.Message}");
        }
        catch (UnreadableException wrong)
        {
            throw CommandException.Failed($"{file} is not {what}: {wrong.Message.TrimEnd('.')}.");
        }
    }
}

/// <summary>What hosts asked and were answered, decided once more by another policy.</summary>
internal sealed class PolicyReplay(DecisionPolicy policy, bool isBound)
{
    private static readonly Column<Replayed>[] Shown =
    [
        new("at", one => Cells.Clock(one.At)), new("source", one => one.Source), new("session", one => one.SessionId),
        new("call", one => one.ToolCallId), new("tool", one => one.Tool),
        new("was", one => Persons(one.Was, one.WasPeople, one.WasApprovers)),
        new("would be", one => Persons(one.WouldBe, one.People, one.Approvers)), new("rule", one => one.Rule),
    ];

    private readonly Dictionary<string, JsonElement> questions = [];
    private readonly Dictionary<string, Replayed> replayed = [];

    /// <param name="row">Of the export, in the order of the journal.</param>
    public void Take(JsonElement row)
    {
        if (!row.TryGetProperty("event", out var happened) || Text(happened, "kind") is not { } kind
            || Text(row, "stream") is not { } call)
        {
            return;
        }

        var mark = happened.TryGetProperty("policy", out var policyMark) ? policyMark : default;
        var isMarked = mark.ValueKind == JsonValueKind.Object;
        if (kind == Words.Of(MessageKind.RequiresConfirmation))
        {
            questions[call] = happened;
        }

        var was = !isMarked ? null
            : kind == Words.Of(MessageKind.RequiresConfirmation)
                ? Text(happened, "expires_at") is null ? null : PolicyWords.Of(Ruling.Ask)
            : kind == Words.Of(MessageKind.Requested) ? Text(mark, "would")
            : Text(mark, "order") is null ? DecisionOf(happened)
            : null;
        var asked = kind == Words.Of(MessageKind.Requested) ? happened : questions.GetValueOrDefault(call);
        if (was is not null && asked.ValueKind == JsonValueKind.Object
            && asked.TryGetProperty("record", out var record) && record.ValueKind == JsonValueKind.Object)
        {
            replayed[call] = Decide(asked, record, was, was == PolicyWords.Of(Ruling.Ask) ? mark : null);
        }
    }

    public void Print(Output output)
    {
        var otherwise = replayed.Values.Where(one => one.IsOtherwise).ToList();
        if (output.Format == OutputFormat.Table)
        {
            Output.WriteTable(output.Surroundings, Shown, otherwise);
        }
        else
        {
            var all = otherwise
                .Select(one => JsonSerializer.SerializeToElement(one, JsonSerializerOptions.Web)).ToList();
            (output.Format == OutputFormat.Json ? [JsonSerializer.SerializeToElement(all)] : all)
                .ForEach(one => output.PrintOne(one, () => { }));
        }

        output.Surroundings.Error.WriteLine(
            $"{replayed.Count} questions, {otherwise.Count} would be decided otherwise.");
    }

    /// <param name="mark">Of a question that a person was asked: how many approve it, and who may.</param>
    private Replayed Decide(JsonElement asked, JsonElement record, string was, JsonElement? mark)
    {
        var permission = Member(record.GetProperty("outcome"), "permission");
        var kind = permission is { } request ? Text(request, "kind") : null;
        var source = Text(asked, "source") ?? "";
        var tool = Text(record, "tool_name") is { Length: > 0 } name ? name : kind ?? "";
        var verdict = policy.Decide(new PolicyRequest(tool, source)
        {
            Tier = Text(record, "tier"), Kind = kind, Permission = permission,
            Agent = Text(asked, "agent"), IsAgentBound = isBound, Task = Text(asked, "task_id"), IsTaskBound = isBound,
            Input = Member(record, "effective_input") ?? Member(record, "requested_input"),
        });
        return new Replayed(
            Text(asked, "recorded_at") ?? "", source, Text(asked, "session_id") ?? "",
            Text(asked, "tool_call_id") ?? "", tool, was, PolicyWords.Of(verdict.Then), verdict.Rule)
        {
            WasPeople = mark is null ? null : Member(mark.Value, "people")?.GetInt32() ?? 1,
            WasApprovers = mark is null ? null
                : [.. Member(mark.Value, "approvers")?.EnumerateArray().Select(one => one.GetString()!) ?? []],
            People = verdict.Then == Ruling.Ask ? verdict.People : null,
            Approvers = verdict.Then == Ruling.Ask ? verdict.Approvers : null,
        };
    }

    private static string Persons(string word, int? people, IReadOnlyList<string>? approvers) =>
        word + (people > 1 ? $" {people}" : "")
        + (approvers is { Count: > 0 } ? $" of {string.Join(", ", approvers)}" : "");

    private static string? DecisionOf(JsonElement happened) =>
        Member(happened, "record") is { } record && Member(record, "outcome") is { } outcome
            ? Text(outcome, "decision")
            : null;

    private static JsonElement? Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value)
            && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement of, string name) =>
        Member(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private sealed record Replayed(
        string At, string Source, string SessionId, string ToolCallId, string Tool, string Was, string WouldBe,
        string? Rule)
    {
        public int? WasPeople { get; init; }

        public IReadOnlyList<string>? WasApprovers { get; init; }

        public int? People { get; init; }

        public IReadOnlyList<string>? Approvers { get; init; }

        /// <summary>Where both ask, also whom and how many; of what was only observed the book has the word alone.</summary>
        internal bool IsOtherwise => Was != WouldBe || (WasPeople is { } people && People is not null
            && (people != People || !WasApprovers!.Order().SequenceEqual(Approvers!.Order())));
    }
}
