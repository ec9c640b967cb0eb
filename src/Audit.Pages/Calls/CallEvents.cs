namespace Audit.Pages.Calls;

/// <summary>The rows of a call, read for one page: a call has few as a rule, and some have a thousand.</summary>
internal static class CallEvents
{
    public const int OnPage = 40;

    /// <param name="transitions">How each message is judged, by its sequence number.</param>
    /// <param name="through">The position up to which they are read.</param>
    public static async Task<(IReadOnlyList<CallStep> Steps, bool HasMore)> ReadAsync(
        IJournal journal, StreamKey stream, ReadScope scope, long after, long through,
        IReadOnlyDictionary<long, TransitionModel> transitions, CancellationToken cancellation)
    {
        var rows = await journal.ReadStreamAsync(stream, after, OnPage + 1, cancellation);
        var steps = rows.Take(OnPage).Where(row => row.Position <= through)
            .Select(row => StepOf(row, scope, transitions.GetValueOrDefault(row.Sequence))).OfType<CallStep>();
        return ([.. steps], rows.Count > OnPage);
    }

    /// <summary>What was asked for first, against what would run in the end.</summary>
    public static IReadOnlyList<InputValue> InputOf(IReadOnlyList<ToolAuditRecord?> records) => InputDifference.Of(
        records.Select(record => record?.RequestedInput).FirstOrDefault(IsGiven),
        records.Select(record => record?.EffectiveInput).LastOrDefault(IsGiven));

    private static bool IsGiven(JsonElement? input) => input is { ValueKind: not JsonValueKind.Null };

    /// <returns>Null for a message of another agent.</returns>
    private static CallStep? StepOf(JournalRow row, ReadScope scope, TransitionModel? transition)
    {
        var (name, view) = (EventReader.NameOf(row.Manifest), EventView.Read(row.Message));
        if (view.Text(EventField.Agent) is { } agent && !scope.SeesAgent(agent))
        {
            return null;
        }

        scope.Trace?.Add(row.Position);
        var record = view.Raw(EventField.Record);
        return new CallStep(scope.Hide(row.Position), row.Sequence, name, row.CreatedTicks)
        {
            Transition = transition,
            Record = RecordOf(record),
            Text = TextOf(name, view),
            RecordBytes = record.Length,
        };
    }

    public static ToolAuditRecord? RecordOf(ReadOnlySpan<byte> record)
    {
        try
        {
            return record.IsEmpty ? null : ToolAuditRecord.Parse(record);
        }
        catch (JsonException)
        {
            // It is shown raw; that it cannot be read is nothing to fail for.
            return null;
        }
    }

    private static IEnumerable<string> Reviewed(in EventView view) =>
        view.Numbers(EventField.Sequences).Zip(view.Texts(EventField.Verdicts), (sequence, verdict) =>
            $"message {sequence} ({verdict.Replace('_', ' ')})");

    private static string? TextOf(string name, in EventView view) => name switch
    {
        EventNames.CallRejudged =>
            $"message {view.Number(EventField.Sequence)} is judged anew: {view.Text(EventField.Reason)}",
        EventNames.CallRetimed => view.Text(EventField.Now) is { } given
            ? $"message {view.Number(EventField.Sequence)} is dated {given} by another channel, and not "
                + view.Text(EventField.Was)
            : $"message {view.Number(EventField.Sequence)} is also dated {view.Text(EventField.AlsoDated)}, which does "
                + "not count",
        EventNames.CallFlooded =>
            $"{view.Number(EventField.Count)} further messages of the kind {view.Text(EventField.FactKind)} were "
                + "counted "
            + $"and not kept, from {view.Text(EventField.First)} to {view.Text(EventField.Last)}",
        EventNames.CallConfirmed =>
            $"reported twice by {view.Text(EventField.Source)}: message {view.Number(EventField.BesideSequence)}, again "
                + $"over {view.Text(EventField.ConfirmingChannel)}",
        EventNames.CallTransitioned or EventNames.CallViolated
            when view.Number(EventField.BesideSequence) is { } other =>
            $"another channel reported it as message {other}; "
                + $"different: {string.Join(", ", view.Texts(EventField.Differing))}",
        EventNames.CallReviewed =>
            $"{view.Text(EventField.ReviewedBy)} reviewed {string.Join(", ", Reviewed(view))}"
                + (view.Text(EventField.Finding) is { } finding ? $", {finding.Replace('_', ' ')}: " : ": ")
                + view.Text(EventField.ReviewReason),
        EventNames.CallOversized => $"a message of {view.Number(EventField.Bytes)} bytes was too large to be kept",
        _ => null,
    };
}

/// <summary>One event of a call.</summary>
public sealed record CallStep(long Position, long Sequence, string Event, long CreatedTicks)
{
    public Timestamp Created => Timestamp.From(new DateTime(CreatedTicks, DateTimeKind.Utc));

    /// <summary>How its message is judged; null where it is no message.</summary>
    public TransitionModel? Transition { get; init; }

    public ToolAuditRecord? Record { get; init; }

    /// <summary>What an event says that is no message of the host, or one that another channel reports too.</summary>
    public string? Text { get; init; }

    public int RecordBytes { get; init; }
}
