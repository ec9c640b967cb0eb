namespace Audit.Api.Intake;

/// <summary>
/// The times of messages whose source gives none. The receipt is the latest time that they can have, and when the call
/// is known to have been settled before that, by a source that gives times, they were sent before it was settled: a
/// request for permission does not follow what it led to because its hook was delivered after the transcript.
/// </summary>
internal sealed class InferredTimes(IJournal journal)
{
    private const int SettledOfStream = 10_000;

    private readonly Dictionary<(string Session, string Call), (MessageKind Kind, Timestamp At)> settled = [];

    /// <summary>Finds in the journal what is known of the calls of these messages.</summary>
    public async ValueTask LookUpAsync(List<DerivedLine> lines, ItemDefaults defaults)
    {
        var calls = lines.Select(one => one.Record).OfType<DerivedRecord>()
            .Where(record => record.Time is null && (!Settles(record.Kind) || record.Kind == MessageKind.Blocked))
            .Select(record => (Session: record.SessionId ?? defaults.SessionId, Call: record.Record.ToolCallId))
            .Where(key => key.Session is not null && !settled.ContainsKey((key.Session, key.Call)))
            .Distinct().ToList();
        if (calls.Count == 0)
        {
            return;
        }

        var streams = await journal.ReadStreamsAsync(
            [.. calls.Select(key => new StreamKey(
                StreamNames.CallUtf8(new SessionName(defaults.Source, key.Session!), key.Call)))],
            CancellationToken.None);
        for (var index = 0; index < calls.Count; index++)
        {
            foreach (var row in streams[index])
            {
                if (row.IsProven
                    && EventReader.ReadCall(row) is CallEvent.Received { Verdict.IsViolation: false } known)
                {
                    Remember((calls[index].Session!, calls[index].Call), known.Message.Kind, known.Message.OrderedAt);
                }
            }
        }
    }

    public Timestamp Of(DerivedRecord record, long line, ItemDefaults defaults)
    {
        var receipt = defaults.ReceivedAt.AddNanoseconds(line);
        return settled.TryGetValue((record.SessionId ?? defaults.SessionId!, record.Record.ToolCallId), out var end)
            && end.At <= receipt && MustPrecede(record.Kind, end.Kind)
            ? end.At.AddNanoseconds(-1)
            : receipt;
    }

    /// <summary>What a stream reports is known to its later events before it is in the journal.</summary>
    public void Remember(DerivedRecord record, string time, ItemDefaults defaults)
    {
        if (Rfc3339.TryParse(time, out var at))
        {
            Remember((record.SessionId ?? defaults.SessionId!, record.Record.ToolCallId), record.Kind, at);
        }
    }

    private void Remember((string Session, string Call) key, MessageKind kind, Timestamp at)
    {
        var isEarliest = !settled.TryGetValue(key, out var known) || at < known.At;
        // What has a longer name gets into no book, and is worth no room.
        var isKept = key.Session.Length <= Ids.MaxBytes && key.Call.Length <= Ids.MaxBytes;
        if (Settles(kind) && isEarliest && isKept && (settled.Count < SettledOfStream || settled.ContainsKey(key)))
        {
            settled[key] = (kind, at);
        }
    }

    /// <summary>A refusal that is reported late precedes the failure that it led to.</summary>
    private static bool MustPrecede(MessageKind kind, MessageKind end) =>
        !Settles(kind) || (kind == MessageKind.Blocked && end == MessageKind.Completed);

    private static bool Settles(MessageKind kind) =>
        kind is not (
            MessageKind.Requested or MessageKind.RequiresConfirmation or MessageKind.Approved or MessageKind.Started);
}
