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
        for (var index = 0; index < lines.Count; index++)
        {
            if (lines[index].Record is { Place: { } place } record)
            {
                var session = Memory.Claim(
                    defaults.Source, place.Trace, record.Record.ToolCallId,
                    standing.GetValueOrDefault((place.Trace, record.Record.ToolCallId))
                        ?? SessionOf(place, defaults.Source));
                lines[index] = lines[index] with { Record = record with { SessionId = session } };
                if (session == place.Session)
                {
                    Memory.Remember(defaults.Source, place.Trace, KnownTrace.Nothing with { HasCalls = true });
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
            Memory.Remember(source, unknown[index], new KnownTrace(noted, noted, HasCalls: false));
        }
    }

    /// <summary>In which of the sessions that they may belong to calls stand already.</summary>
    private async Task<Dictionary<(string Trace, string Call), string>> FindCallsAsync(
        List<DerivedLine> lines, ItemDefaults defaults)
    {
        var standing = new Dictionary<(string Trace, string Call), string>();
        var places = lines.Select(one => one.Record).OfType<DerivedRecord>()
            .Where(record => record.Place is not null)
            .DistinctBy(record => (record.Place!.Trace, record.Record.ToolCallId))
            .Where(record => Memory.SessionOf(
                defaults.Source, record.Place!.Trace, record.Record.ToolCallId) is null)
            .SelectMany(record => SessionsOf(record.Place!, defaults.Source)
                .Select(session => (record.Place!.Trace, Call: record.Record.ToolCallId, Session: session)))
            .ToList();
        var positions = places.Count == 0 ? [] : await journal.ReadPositionsAsync(
            [.. places.Select(one => new StreamPlace(
                new StreamKey(StreamNames.CallUtf8(new SessionName(defaults.Source, one.Session), one.Call)), 1))],
            CancellationToken.None);
        for (var index = 0; index < places.Count; index++)
        {
            if (positions[index] > 0)
            {
                standing.TryAdd((places[index].Trace, places[index].Call), places[index].Session);
            }
        }

        return standing;
    }

    private IEnumerable<string> SessionsOf(TracePlace place, string source) =>
        new[] { place.Own, place.Above, place.Session, place.Otherwise }.OfType<string>()
            .Concat(Known(place.Trace, source).Conversations).Distinct();

    private void Note(List<DerivedLine> lines, long line, string trace, string conversation, string source)
    {
        if (!Known(trace, source).Noted.Contains(conversation))
        {
            Memory.Remember(source, trace, new KnownTrace([conversation], [conversation], HasCalls: false));
            lines.Add(new DerivedLine(line)
            {
                Note = new DerivedNote(
                    TracePlace.SessionOf(trace), NoteId + conversation, NoteType,
                    JsonSerializer.SerializeToElement(new Dictionary<string, string>
                    {
                        ["trace_id"] = trace, ["session"] = conversation,
                    })),
            });
        }
    }
}
