namespace Audit.Pages.Overview;

/// <summary>`/overview`: what happens now, and what needs eyes.</summary>
internal sealed class OverviewPages(
    IJournal journal, NodeLog log, ApiSettings settings, PolicyBook policies) : IPageGroup
{
    private static readonly PageRequest Few = new(8);

    public void Map(PageMap pages) => pages.Get("/overview", Roles.Read, ShowAsync).Scoped(Scope.Binding);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var word = visit.Query.Text("range") ?? "day";
        if (HourRange.Of(word, visit.Now) is not { } range)
        {
            throw QueryReader.Refusal("range", $"one of {HourRange.Accepted} is expected, not \"{word}\".");
        }

        await visit.CatchUpAsync();
        var (models, cancellation) = (visit.Reads.Models, visit.Cancellation);
        var hours = await models.HoursAsync(range.From, range.Until, cancellation);
        var violations = await models.ViolationsAsync(new ViolationFilter { Lifted = false }, Few, cancellation);
        var waiting = new ViolationFilter { Review = ReviewState.Waiting };
        var view = new OverviewView(hours, range)
        {
            Awaiting = await models.WaitingCallsAsync(Few, cancellation),
            Counts = await models.CountAsync(cancellation),
            Forgotten = await models.CallsInStateAsync(CallState.PersistenceFailed, Few, cancellation),
            Outside = await models.StrayedCallsAsync(WindowJudgement.OutsideWindow, Few, cancellation),
            OutOfScope = await models.StrayedCallsAsync(WindowJudgement.OutOfScope, Few, cancellation),
            Violations = violations,
            Unreviewed = await models.ViolationsAsync(waiting, Few, cancellation),
            Health = visit.Scope.IsAll ? await HealthAsync(visit) : null,
            PolicyTrouble = visit.Scope.IsAll ? policies.Now.Trouble : null,
            HasKeyCopy = RowKeys.IsBackedUp(settings.RowKeyFile),
        };
        return PageAnswer.Show<OverviewPage>("Overview", "overview", view);
    }

    private async Task<NodeHealth> HealthAsync(Visit visit)
    {
        var head = await log.TryHeadAsync(visit.Cancellation);
        var (reads, seal) = (visit.ReadStatus, log.Status);
        return new NodeHealth(
            await journal.LastPositionAsync(visit.Cancellation),
            await visit.Reads.Models.PositionAsync(visit.Cancellation),
            reads.State.ToString().ToLowerInvariant(), reads.Lag, reads.Sentence,
            head?.LastPosition ?? 0, SealerWords.Of(seal.State), seal.Reason);
    }
}

/// <param name="Totals">Null for a token that does not see all.</param>
public sealed record OverviewView(HourTotals? Totals, HourRange Range)
{
    public required Page<CallModel> Awaiting { get; init; }

    /// <summary>How many there are of each, and not only how many are shown.</summary>
    public required AttentionCounts Counts { get; init; }

    public required Page<CallModel> Forgotten { get; init; }

    public required Page<CallModel> Outside { get; init; }

    public required Page<CallModel> OutOfScope { get; init; }

    public required Page<ViolationModel> Violations { get; init; }

    /// <summary>Violations, standing or lifted, that wait for a person to review them.</summary>
    public required Page<ViolationModel> Unreviewed { get; init; }

    /// <summary>Null for a token that does not see all.</summary>
    public required NodeHealth? Health { get; init; }

    /// <summary>Why the file of the policy does not hold; null for a token that does not see all.</summary>
    public string? PolicyTrouble { get; init; }

    /// <summary>Whether losing one file would not lose the content of all rows.</summary>
    public required bool HasKeyCopy { get; init; }

    /// <summary>Calls outside of windows, whatever the reason.</summary>
    public IEnumerable<CallModel> Strayed =>
        Outside.Items.Concat(OutOfScope.Items).OrderByDescending(call => call.FirstAt);
}

/// <summary>A line of a short list.</summary>
/// <param name="IsCode">The text is a command and not a sentence.</param>
public sealed record ShortRow(string Href, string? Name, string? Text, bool IsCode, string? Who, Timestamp At)
{
    public static ShortRow Of(CallModel call) => new(
        Links.Call(call), call.Tool ?? call.CallId, call.Command ?? call.Remark, IsCode: true,
        call.Agent ?? call.Token, call.FirstAt);

    public static ShortRow Of(ViolationModel violation) => new(
        Links.Violation(violation), violation.Tool ?? violation.WindowId ?? violation.CallId, violation.Reason,
        IsCode: false, violation.Agent ?? violation.Token, violation.At);
}

/// <summary>How far the journal is, and how far behind it what is derived from it.</summary>
public sealed record NodeHealth(
    long Journal, long ReadModels, string ReadState, TimeSpan ReadLag, string? ReadSentence,
    long Sealed, string SealState, string? SealReason)
{
    /// <summary>What is wrong, where something is.</summary>
    public string Sentence => ReadState == "halted"
        ? $"The read models are halted: {ReadSentence}"
        : $"The log is not sealed ({SealState}): {SealReason}";

    public bool IsWell => ReadState != "halted" && SealState is ("sealing" or "standby" or "elsewhere");
}
