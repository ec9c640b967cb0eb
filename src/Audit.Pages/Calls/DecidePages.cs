using Audit.Lifecycle.Hashing;

namespace Audit.Pages.Calls;

/// <summary>`/decide/{question}`: one question with what a person decides it by, on a page for a phone.</summary>
internal sealed class DecidePages(
    IJournal journal, PolicyBook policies, Questions questions, SearchQuota quota) : IPageGroup
{
    private const int LatestDecided = 200, MostBefore = 8, MostChoices = 20;

    public void Map(PageMap pages) =>
        pages.Get("/decide/{question}", Roles.Read, ShowAsync).Scoped(Scope.Binding);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var text = visit.Context.Request.RouteValues["question"]?.ToString() ?? "";
        if (!Fingerprint.TryParse(text, out var question))
        {
            return NoSuch(text, "; it is not the question of a call");
        }

        return visit.Query.Text("call") is null
            ? await OfAnyAsync(visit, text, question)
                ?? NoSuch(text, $", and none of the calls decided last, of which {LatestDecided} at most are looked "
                    + "at, was asked it last")
            : await OfCallAsync(visit, question) ?? NoSuch(text, ", and the call that is named was never asked it");
    }

    private static PageAnswer NoSuch(string question, string more) => PageAnswer.Wrong(Problem.NotFound(
        $"Nothing waits under the question \"{question}\" that this token may see{more}."));

    private async Task<PageAnswer?> OfCallAsync(Visit visit, Fingerprint question)
    {
        var address = await visit.Context.CallAsync();
        await visit.CatchUpAsync();
        return await visit.Reads.Models.CallAsync(address.Session, address.Call, visit.Cancellation) is { } found
            ? await ShowAsync(visit, found.Call, question) : null;
    }

    /// <summary>The calls that wait with it; else the one that it was decided for last.</summary>
    private async Task<PageAnswer?> OfAnyAsync(Visit visit, string text, Fingerprint question)
    {
        await visit.CatchUpAsync();
        var waiting = await visit.Reads.Models.WaitingOnAsync(text, MostChoices + 1, visit.Cancellation);
        if (waiting.Count > 0)
        {
            var asked = await QuestionView.ReadAsync(journal, policies, visit, waiting.Take(MostChoices));
            return asked.Count == 0 ? null
                : asked.Count == 1 && waiting.Count <= MostChoices ? await ShowAsync(visit, asked[0])
                : Choices(asked, hasMore: waiting.Count > MostChoices);
        }

        await questions.CatchUpSearchAsync(visit.Cancellation);
        var (search, scope) = (visit.Reads.Search, visit.Scope with { Trace = null });
        var decided = await quota.AskAsync(visit.Bearer, visit.Cancellation, cancellation => search.SearchAsync(
            search.Parse("outcome:approved,blocked,invalidated"), new PageRequest(LatestDecided), scope, cancellation));
        if (decided.Items.Select(hit => hit.Call).FirstOrDefault(call => call?.Question == text) is not { } found)
        {
            return null;
        }

        QueryText.Trace(visit.Scope, found);
        return await ShowAsync(visit, found, question);
    }

    /// <summary>The same may be asked of many calls, and each is decided on its own.</summary>
    private static PageAnswer Choices(IReadOnlyList<QuestionView> asked, bool hasMore) =>
        PageAnswer.Show<ProblemPage>(
            "Several calls ask this", "waiting", new ProblemView(
                "Several calls ask this",
                (hasMore ? $"More than {MostChoices} calls wait" : Display.Count(asked.Count, "call") + " wait")
                    + " with this question; each is decided on its own"
                    + (hasMore ? $". These are the latest {MostChoices}; others follow as these are decided." : "."),
                [.. asked.Select(one => (NameOf(one), Links.Decide(one.Call, isOfCall: true)))]),
            status: StatusCodes.Status300MultipleChoices);

    private static string NameOf(QuestionView one) =>
        $"since {Display.Time(one.Since)}, from {one.Call.Source}: session {one.Call.SessionId}, "
        + $"agent {one.Agent ?? "not named"}, call {one.Call.CallId}";

    private static PageAnswer Show(DecideView view) => PageAnswer.Show<DecidePage>(
        $"Decide on {view.Question?.Tool ?? view.Call.Tool ?? view.Call.CallId}", "waiting", view);

    /// <returns>Null where the call was never asked it, as far as may be seen.</returns>
    private async Task<PageAnswer?> ShowAsync(Visit visit, CallModel call, Fingerprint question)
    {
        if (call.IsWaiting && call.Question == question.ToString())
        {
            return await QuestionView.ReadAsync(journal, policies, visit, [call]) is [var asked]
                ? await ShowAsync(visit, asked) : null;
        }

        var read = new CallRead(journal, new CallAddress(call.SessionName, call.CallId).Stream);
        await read.ReadOnAsync(visit.Cancellation);
        if (read.Find(question) is not var (entry, answers)
            || await read.RowAsync(entry.Sequence, visit.Cancellation) is not { } row
            || !QuestionView.IsSeen(visit.Scope, call, row))
        {
            return null;
        }

        if (answers.Count > 0)
        {
            visit.Scope.Trace?.Add(answers[^1].Row.Position);
        }

        return Show(new DecideView(call, null, visit.Recorded) { End = QuestionEnd.Of(call, read, entry, answers) });
    }

    private async Task<PageAnswer> ShowAsync(Visit visit, QuestionView asked)
    {
        var before = asked.Tool is null ? null : await visit.Reads.Models.DecidedAsync(
            asked.Call.SessionName, asked.Tool, MostBefore, visit.Cancellation);
        return Show(new DecideView(asked.Call, asked, visit.Recorded) { Before = before });
    }
}

/// <param name="Question">Null where nothing waits any more.</param>
public sealed record DecideView(CallModel Call, QuestionView? Question, long? Recorded)
{
    /// <summary>What became of it where it waits no more.</summary>
    public QuestionEnd? End { get; init; }

    /// <summary>What was decided on the same tool in the session; null where the question names none.</summary>
    public DecidedCalls? Before { get; init; }
}

/// <summary>What became of a question that waits no more.</summary>
/// <param name="IsApproval">Null where nobody decided.</param>
/// <param name="Said">With the decision, or why it ended without one.</param>
public sealed record QuestionEnd(
    bool? IsApproval, string? Decision = null, string? By = null, Timestamp? At = null, string? Said = null)
{
    /// <summary>It is the host's word alone.</summary>
    public bool IsClaim { get; private init; }

    /// <summary>The call was asked something else since.</summary>
    public bool IsAskedSince { get; private init; }

    /// <summary>Of so many persons one alone approved it; 0 where all did.</summary>
    public int FirstOf { get; private init; }

    /// <param name="asked">Where it was asked last.</param>
    /// <param name="answers">What the node has answered to it.</param>
    internal static QuestionEnd Of(
        CallModel call, CallRead read, Entry asked, IReadOnlyList<MadeDecision> answers)
    {
        var isAskedSince = read.History.Standing.Question != asked.Message.Question;
        if (answers.Count == 0)
        {
            return isAskedSince ? new QuestionEnd(IsApproval: null) { IsAskedSince = true } : Claimed(call);
        }

        var (last, people) = (answers[^1], asked.Message.Policy?.People ?? 1);
        var isFirst = people > 1 && last.Message is { Kind: MessageKind.Approved, Policy: null }
            && answers.Where(made => made.Message.Kind == MessageKind.Approved)
                .DistinctBy(made => made.Message.Behind).Count() < people;
        var at = last.Message.ReceivedAt;
        return last.Decision.Outcome switch
        {
            Outcome.Approved one => new QuestionEnd(true, one.Decision, one.By, at, one.Feedback),
            Outcome.Blocked one => new QuestionEnd(false, one.Decision, one.By, at, one.Feedback ?? one.Reason),
            Outcome.Invalidated one => new QuestionEnd(null, At: at, Said: one.Reason),
            _ => new QuestionEnd(IsApproval: null),
        } with
        {
            IsAskedSince = isAskedSince, FirstOf = isFirst ? people : 0,
        };
    }

    private static QuestionEnd Claimed(CallModel call)
    {
        // What was approved by a host's word and ended all the same was answered by nobody.
        var isApproval = call.Approval == Approval.ByHost
            && call.State is not (CallState.Invalidated or CallState.Cancelled);
        return isApproval || call.State == CallState.Blocked
            ? new QuestionEnd(isApproval, call.Decision, call.ClaimedBy, call.DecidedAt, call.Remark) { IsClaim = true }
            : new QuestionEnd(null, Said: call.Remark) { IsClaim = true };
    }
}

/// <summary>
/// The question by which a call waits, as its own row has it: whatever was reported of the call before or since is not
/// what is decided on.
/// </summary>
public sealed record QuestionView(CallModel Call)
{
    private const int MostInList = 8, LongestInList = 800, LongestPathInList = 80;

    /// <summary>Else nobody can know what would be approved.</summary>
    public bool IsRead { get; private init; }

    /// <summary>Else nothing of its record is kept, or can be opened.</summary>
    public bool IsKept { get; private init; }

    /// <summary>What of it is not kept; null where all of it is.</summary>
    public string? NotSeenWhole { get; private init; }

    public string? Tool { get; private init; }

    public string? Agent { get; private init; }

    public string? Task { get; private init; }

    public Timestamp Since => Call.AskedAt ?? Call.LastAt;

    /// <summary>How many persons approve it.</summary>
    public int People => Math.Max(1, Call.People);

    public string? Token { get; private init; }

    public string? Command { get; private init; }

    public InputValues Input { get; private init; } = InputValues.None;

    /// <summary>The host's own permission request, with whatever else is asked beside the input.</summary>
    public InputValues Permission { get; private init; } = InputValues.None;

    /// <summary>What the host says of it; null where it says nothing.</summary>
    public string? Said { get; private init; }

    /// <summary>False where a policy that holds no more may have said it.</summary>
    public bool IsSaidByHost { get; private init; } = true;

    /// <summary>Where all of it is to be had as it was sent.</summary>
    public string? Raw { get; private init; }

    public TimeSpan Waits { get; private init; }

    /// <summary>Windows of its task that are open now for its agent.</summary>
    public IReadOnlyList<WindowModel> Windows { get; private init; } = [];

    /// <summary>The policy has a person asked, and not the host by itself.</summary>
    public bool IsByPolicy { get; private init; }

    /// <summary>The rule of the policy; null where its preset has it asked.</summary>
    public string? Rule { get; private init; }

    /// <summary>What the rule says to whom it asks.</summary>
    public string? Words { get; private init; }

    /// <summary>Patterns of the persons who may approve it; none where anybody may.</summary>
    public IReadOnlyList<string> Approvers { get; private init; } = [];

    /// <summary>The location for which it can be approved; null where it names none.</summary>
    public string? Place { get; private init; }

    /// <summary>Values of it that no page shows.</summary>
    public int More => Input.More + Permission.More;

    /// <summary>A list shows all of it.</summary>
    public bool FitsList
    {
        get
        {
            var values = Input.Values.Concat(Permission.Values).ToList();
            return More == 0 && values.Count <= MostInList
                && values.All(value => value.Path.Length <= LongestPathInList)
                && values.Sum(value => (value.Requested + value.Effective).Length) <= LongestInList;
        }
    }

    /// <summary>Whether whoever looks may see the question, and not only the call that it was asked of.</summary>
    internal static bool IsSeen(ReadScope scope, CallModel call, JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        return scope.Sees(
            view.Text(EventField.Agent) ?? call.Agent, view.Text(EventField.TaskId) ?? call.Task, call.Source);
    }

    /// <returns>Those that may be seen, each read from its row alone.</returns>
    internal static async Task<IReadOnlyList<QuestionView>> ReadAsync(
        IJournal journal, PolicyBook policies, Visit visit, IEnumerable<CallModel> calls)
    {
        var found = new List<QuestionView>();
        var windows = new Dictionary<(string, string), IReadOnlyList<WindowModel>>();
        foreach (var call in calls)
        {
            try
            {
                if (await RowAsync(journal, call, visit.Cancellation) is not { } row)
                {
                    found.Add(new QuestionView(call));
                }
                else if (IsSeen(visit.Scope, call, row))
                {
                    visit.Scope.Trace?.Add(row.Position);
                    var question = Of(call, row, policies.Now, visit);
                    found.Add(question with { Windows = await WindowsAsync(visit, question, windows) });
                }
            }
            catch (Exception failure) when (failure is InvalidDataException or UnreadableException
                or JournalUnavailableException { Trouble: JournalTrouble.Damaged })
            {
                // One that is damaged hides no other.
                found.Add(new QuestionView(call));
            }
        }

        return found;
    }

    /// <returns>Null where it is not there, or not as it was written.</returns>
    private static async Task<JournalRow?> RowAsync(IJournal journal, CallModel call, CancellationToken cancellation)
    {
        var stream = new CallAddress(call.SessionName, call.CallId).Stream;
        var rows = await journal.ReadStreamAsync(stream, call.Asked - 1, 1, cancellation);
        return rows is [{ IsProven: true } row] && row.Sequence == call.Asked ? row : null;
    }

    private static QuestionView Of(CallModel call, JournalRow row, PolicyNow policy, Visit visit)
    {
        var view = EventReader.ViewOf(row);
        var requested = view.Raw(EventField.RequestedInput);
        var effective = view.Raw(EventField.EffectiveInput);
        var (mark, outcome) = (EventReader.PolicyOf(view), Read(view.Raw(EventField.Outcome)));
        var command = InputCommand.Of(effective);
        command = command.IsEmpty ? InputCommand.Of(requested) : command;
        var (words, said) = (mark is null ? null : policy.WordsOf(mark), view.Text(EventField.Description));
        return new QuestionView(call)
        {
            IsRead = true,
            IsKept = !view.Raw(EventField.Record).IsEmpty,
            NotSeenWhole = KeptPart.Missing(view),
            Tool = view.Text(EventField.FactTool) is { Length: > 0 } tool ? tool : null,
            Agent = view.Text(EventField.Agent),
            Task = view.Text(EventField.TaskId),
            Token = view.Text(EventField.Token),
            Command = command.IsEmpty ? null : Encoding.UTF8.GetString(command),
            Input = InputDifference.Of(Read(requested), Read(effective)),
            Permission = PermissionOf(outcome),
            Said = mark is null ? said : DecideBody.SaidByHost(said, words),
            IsSaidByHost = mark is null or { Rule: null } || mark.Version == policy.Policy?.Version,
            Raw = Links.Raw(visit.Scope.Hide(row.Position)),
            Waits = TimeSpan.FromTicks(Math.Max(0, visit.Now.Ticks - (call.AskedAt ?? call.LastAt).Ticks)),
            IsByPolicy = mark is not null,
            Rule = mark?.Rule,
            Words = words,
            Approvers = mark?.Approvers?.Split('\n') ?? [],
            Place = mark?.Location is null ? null
                : outcome is { } json && json.TryGetProperty("location", out var place)
                    && place.ValueKind == JsonValueKind.String ? place.GetString() : "the place that was asked for",
        };
    }

    /// <exception cref="InvalidDataException">It is there, and cannot be shown.</exception>
    private static JsonElement? Read(ReadOnlySpan<byte> json) => InputDifference.Read(json)
        ?? (json is [] or [(byte)'n', ..] ? (JsonElement?)null
            : throw new InvalidDataException("A question cannot be read."));

    /// <summary>All that the outcome says beside its kind and what the host says; a decision covers it.</summary>
    private static InputValues PermissionOf(JsonElement? outcome)
    {
        var all = InputDifference.Of(outcome, null);
        return all with
        {
            Values =
            [
                .. all.Values.Where(value => value.Path is not ("kind" or "description")
                    && value is not { Path: "listen_context", Requested: "null" }),
            ],
        };
    }

    private static async Task<IReadOnlyList<WindowModel>> WindowsAsync(
        Visit visit, QuestionView question, Dictionary<(string, string), IReadOnlyList<WindowModel>> known)
    {
        if (question is not { Task: { } task, Agent: { } agent })
        {
            return [];
        }

        if (!known.TryGetValue((task, agent), out var windows))
        {
            var filter = new WindowFilter { Task = task, Agent = agent, OpenAt = visit.Now };
            var found = await visit.Reads.Models.WindowsAsync(filter, new PageRequest(10), visit.Cancellation);
            windows = [.. found.Items.Where(window => window.StateAt(visit.Now) == "open")];
            known.Add((task, agent), windows);
        }

        return windows;
    }
}
