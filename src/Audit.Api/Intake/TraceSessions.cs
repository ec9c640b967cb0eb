using System.Collections.Immutable;

namespace Audit.Api.Intake;

/// <summary>
/// Gives calls of OpenTelemetry their sessions. A conversation often stands in one span of a trace alone, and that may
/// have come in another request: what is known of a trace is remembered, and noted in the journal in the session of the
/// trace, where every node finds it again. A call stays where it stood first, whatever is known of its trace later.
/// </summary>
internal sealed class TraceSessions(FormatReaders formats, IJournal journal)
{
    private const string NoteType = "trace";
    private const string NoteId = "otlp:trace:";

    private TraceMemory Memory => formats.Traces;

    /// <param name="learned">Of which conversation a trace is, as the request says.</param>
    public async ValueTask PlaceAsync(
        List<DerivedLine> lines, IReadOnlyCollection<(string Trace, string Conversation)> learned,
        ItemDefaults defaults)
    {
        var traces = lines.Select(one => one.Record?.Place?.Trace).OfType<string>()
            .Concat(learned.Select(one => one.Trace)).Distinct().ToList();
        if (traces.Count == 0)
        {
            return;
        }

        await RecallAsync(traces, defaults.Source);
        foreach (var (trace, conversation) in learned)
        {
            Memory.Remember(defaults.Source, trace, new KnownTrace([conversation], [], HasCalls: false));
        }

        var standing = await FindCallsAsync(lines, defaults);
        for (var (index, count) = (0, lines.Count); index < count; index++)
        {
            if (lines[index].Record is { Place: { } place } record)
            {
                var session = Memory.Claim(
                    defaults.Source, place, record.Record.ToolCallId,
                    standing.GetValueOrDefault((place, record.Record.ToolCallId))
                        ?? SessionOf(place, defaults.Source));
                lines[index] = lines[index] with { Record = record with { SessionId = session } };
                if (session == place.Session)
                {
                    NoteCalls(lines, lines[index].Line, place.Trace, defaults.Source);
                }
                else if (session != place.Own && Known(place.Trace, defaults.Source).Conversations.Contains(session))
                {
                    Note(lines, lines[index].Line, place.Trace, session, defaults.Source);
                }
            }
        }

        foreach (var (trace, conversation) in learned)
        {
            // Its calls could not wait for it; whoever reads them finds it beside them.
            if (Known(trace, defaults.Source).HasCalls)
            {
                Note(lines, lines.Count == 0 ? 1 : lines[0].Line, trace, conversation, defaults.Source);
            }
        }
    }

    private KnownTrace Known(string trace, string source) => Memory.Find(source, trace) ?? KnownTrace.Nothing;

    private string SessionOf(TracePlace place, string source) => place.Own ?? place.Above
        ?? (Known(place.Trace, source).Conversations is [var only] ? only : null) ?? place.Otherwise ?? place.Session;

    /// <summary>Looks up in the journal what was noted of traces of which nothing is remembered.</summary>
    private async Task RecallAsync(List<string> traces, string source)
    {
        var unknown = traces.Where(trace => Memory.Find(source, trace) is null).ToList();
        if (unknown.Count == 0)
        {
            return;
        }

        var notes = await journal.ReadStreamsAsync(
            [.. unknown.Select(trace => new StreamKey(StreamNames.Session(
                new SessionName(source, TracePlace.SessionOf(trace)))))],
            CancellationToken.None);
        for (var index = 0; index < unknown.Count; index++)
        {
            var noted = notes[index].Where(row => row.IsProven).Select(EventReader.ReadNote)
                .Where(note => note is { Derived: true, Type: NoteType }
                    && note.DerivedId?.StartsWith(NoteId, StringComparison.Ordinal) == true)
                .Select(note => note.DerivedId![NoteId.Length..]).ToImmutableArray();
            var known = noted.Remove("");
            Memory.Remember(source, unknown[index], new KnownTrace(known, known, HasCalls: noted.Contains("")));
        }
    }

    /// <summary>In which of the sessions that they may belong to calls stand already.</summary>
    private async Task<Dictionary<(TracePlace Place, string Call), string>> FindCallsAsync(
        List<DerivedLine> lines, ItemDefaults defaults)
    {
        var places = lines.Select(one => one.Record).OfType<DerivedRecord>()
            .Where(record => record.Place is not null)
            .Select(record => (Place: record.Place!, Call: record.Record.ToolCallId)).Distinct()
            .Where(one => Memory.SessionOf(defaults.Source, one.Place, one.Call) is null)
            .SelectMany(one => SessionsOf(one.Place, defaults.Source)
                .Select(session => (one.Place, one.Call, Session: session)))
            .ToList();
        var positions = places.Count == 0 ? [] : await journal.ReadPositionsAsync(
            [.. places.Select(one => new StreamPlace(
                new StreamKey(StreamNames.CallUtf8(new SessionName(defaults.Source, one.Session), one.Call)), 1))],
            CancellationToken.None);
        return places.Where((_, index) => positions[index] > 0)
            .GroupBy(one => (one.Place, one.Call), one => one.Session)
            .Select(sessions => (sessions.Key, Session: TraceMemory.Among([.. sessions], sessions.Key.Place)))
            .Where(one => one.Session is not null).ToDictionary(one => one.Key, one => one.Session!);
    }

    /// <summary>What names its conversation is of no other one, though its id be the same.</summary>
    private IEnumerable<string> SessionsOf(TracePlace place, string source) =>
        new[] { place.Own, place.Own is null ? place.Above : null, place.Session, place.Otherwise }.OfType<string>()
            .Concat(place.Own is null ? Known(place.Trace, source).Conversations : []).Distinct();

    /// <summary>
    /// Calls stand in the session of the trace: whoever learns later of which conversation it is finds that here.
    /// </summary>
    private void NoteCalls(List<DerivedLine> lines, long line, string trace, string source)
    {
        if (!Known(trace, source).HasCalls)
        {
            Memory.Remember(source, trace, KnownTrace.Nothing with { HasCalls = true });
            lines.Add(NoteOf(line, trace, "", new() { ["trace_id"] = trace }));
        }
    }

    private void Note(List<DerivedLine> lines, long line, string trace, string conversation, string source)
    {
        if (!Known(trace, source).Noted.Contains(conversation))
        {
            Memory.Remember(source, trace, new KnownTrace([conversation], [conversation], HasCalls: false));
            lines.Add(NoteOf(
                line, trace, conversation, new() { ["trace_id"] = trace, ["session"] = conversation }));
        }
    }

    private static DerivedLine NoteOf(long line, string trace, string id, Dictionary<string, string> detail) =>
        new(line)
        {
            Note = new DerivedNote(
                TracePlace.SessionOf(trace), NoteId + id, NoteType, JsonSerializer.SerializeToElement(detail)),
        };
}
