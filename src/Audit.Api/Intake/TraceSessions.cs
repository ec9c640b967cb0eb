namespace Audit.Api.Intake;

/// <summary>
/// Gives calls of OpenTelemetry their sessions. A conversation often stands in one span of a trace alone, and that may
/// have come in another request, or to another node: what is known of a trace is noted in the journal in the session of
/// the trace, where every node finds it, and what is remembered of it saves looking. A call stays where it stood first,
/// whatever is known of its trace later. What spans within a call say of it is noted there too while nobody knows the
/// call.
/// </summary>
internal sealed class TraceSessions(FormatReaders formats, IJournal journal)
{
    private const string NoteType = "trace";
    private const string NoteId = "otlp:trace:";

    /// <summary>Of one trace at a time; what is left is read the next time.</summary>
    private const int MostNotes = 10_000;

    /// <summary>A request may hold as many traces as spans.</summary>
    private const int ReadAtOnce = 16;

    private TraceMemory Memory => formats.Traces;

    /// <param name="learned">Of which conversation a trace is, as the request says.</param>
    public async ValueTask PlaceAsync(
        List<DerivedLine> lines, IReadOnlyCollection<LearnedTrace> learned, ItemDefaults defaults)
    {
        var source = defaults.Source;
        await RecallAsync([.. lines.Select(one => Asked(one, source)).OfType<string>()
            .Concat(learned.Where(one => MustNote(one, source) || Memory.Find(source, one.Trace) is null)
                .Select(one => one.Trace)).Distinct()], source);
        Settle(lines);
        foreach (var one in learned)
        {
            Memory.Remember(source, one.Trace, new KnownTrace([one.Conversation], [], HasCalls: false));
        }

        var standing = await FindCallsAsync(lines, defaults);
        var notes = new HashSet<(string Trace, string Conversation)>();
        for (var (index, count) = (0, lines.Count); index < count; index++)
        {
            if (lines[index].Record is { Place: { } place } record)
            {
                var session = Memory.Claim(
                    source, place, record.Record.ToolCallId,
                    standing.GetValueOrDefault((place, record.Record.ToolCallId)) ?? SessionOf(place, source));
                lines[index] = lines[index] with { Record = record with { SessionId = session } };
                if (session == place.Session)
                {
                    Memory.Remember(source, place.Trace, KnownTrace.Nothing with { HasCalls = true });
                    Note(lines[index].Line, place.Trace, "");
                }
                else if (session != place.Own && Known(place.Trace, source).Conversations.Contains(session))
                {
                    Note(lines[index].Line, place.Trace, session);
                }
            }
            else if (lines[index].Note is { Unsettled: { } open } note)
            {
                var session = Memory.SessionOf(source, open.Place, open.Call) ?? note.SessionId;
                lines[index] = lines[index] with { Note = note with { SessionId = session } };
            }
        }

        // Whose calls name their conversation themselves needs no note.
        var naming = lines.Select(one => one.Record?.Place).OfType<TracePlace>().GroupBy(place => place.Trace)
            .Where(places => places.All(place => place.Own is not null)).Select(places => places.Key).ToHashSet();
        foreach (var one in learned.Where(one => MustNote(one, source) && !naming.Contains(one.Trace)))
        {
            // Calls that came could not wait for it, and those that come may come to another node.
            Note(lines.Count == 0 ? 1 : lines[0].Line, one.Trace, one.Conversation);
        }

        // Until it was read there nobody knows that it was written.
        void Note(long line, string trace, string conversation)
        {
            if (!Known(trace, source).Noted.Contains(conversation)
                && Ids.Refuse(TracePlace.SessionOf(trace), Ids.MaxBytes, isSession: true) is null
                && notes.Add((trace, conversation)))
            {
                lines.Add(NoteOf(line, trace, conversation));
            }
        }
    }

    private KnownTrace Known(string trace, string source) => Memory.Find(source, trace) ?? KnownTrace.Nothing;

    private string SessionOf(TracePlace place, string source) => place.Own ?? place.Above
        ?? (Known(place.Trace, source).Conversations is [var only] ? only : null) ?? place.Otherwise ?? place.Session;

    private bool MustNote(LearnedTrace learned, string source) => Known(learned.Trace, source) is var known
        && (known.HasCalls || !learned.IsOnEach) && !known.Noted.Contains(learned.Conversation);

    /// <returns>
    /// The trace of which has to be known what others noted; null where what is remembered is enough: a call that names
    /// its conversation, or whose place is known, is not asked for.
    /// </returns>
    private string? Asked(DerivedLine line, string source) => line switch
    {
        { Unsettled.Place.Trace: var trace } => trace,
        { Record: { Place: { } place } record } => Memory.Find(source, place.Trace) is null
            || (place.Own is null && Memory.SessionOf(source, place, record.Record.ToolCallId) is null)
            ? place.Trace
            : null,
        _ => null,
    };

    /// <summary>Reads in the journal what was noted of the traces since it was read last.</summary>
    private async Task RecallAsync(List<string> traces, string source)
    {
        var streams = traces.ConvertAll(trace => new StreamKey(StreamNames.Session(
            new SessionName(source, TracePlace.SessionOf(trace)))));
        var positions = traces.Count == 0 ? [] : await journal.ReadPositionsAsync(
            [.. streams.Select((stream, index) => new StreamPlace(stream, Known(traces[index], source).ReadTo + 1))],
            CancellationToken.None);
        foreach (var chunk in Enumerable.Range(0, traces.Count).Chunk(ReadAtOnce))
        {
            var read = await Task.WhenAll(chunk.Select(index => positions[index] == 0
                ? Task.FromResult<IReadOnlyList<JournalRow>>([])
                : journal.ReadStreamAsync(
                    streams[index], Known(traces[index], source).ReadTo, MostNotes, CancellationToken.None)));
            foreach (var (index, rows) in chunk.Zip(read))
            {
                Memory.Remember(source, traces[index], Read(rows, traces[index], source));
            }
        }
    }

    private KnownTrace Read(IReadOnlyList<JournalRow> rows, string trace, string source)
    {
        var noted = new List<string>();
        foreach (var note in rows.Where(row => row.IsProven).Select(EventReader.ReadNote))
        {
            if (note is not { Derived: true, DerivedId: { } id })
            {
                continue;
            }

            if (note.Type == NoteType && id.StartsWith(NoteId, StringComparison.Ordinal))
            {
                noted.Add(id[NoteId.Length..]);
            }
            else
            {
                formats.Recall(source, trace, id, note.At);
            }
        }

        return new KnownTrace([.. noted.Where(one => one.Length > 0)], [.. noted], HasCalls: noted.Contains(""))
        {
            ReadTo = rows.Count == 0 ? 0 : rows[^1].Sequence,
        };
    }

    /// <summary>What was noted of a call that had not come says how it ended.</summary>
    private static void Settle(List<DerivedLine> lines)
    {
        if (lines.Exists(one => one.Unsettled is not null))
        {
            var settled = lines.SelectMany(Settled).ToList();
            lines.Clear();
            lines.AddRange(settled);
        }
    }

    private static IEnumerable<DerivedLine> Settled(DerivedLine line)
    {
        var told = (line.Unsettled?.Settle() ?? []).ToList()
            .ConvertAll(record => new DerivedLine(line.Line) { Record = record });
        // Who let it run did so before.
        return line.Record is not null ? [.. told, line]
            : told.TrueForAll(one => one.Record!.Kind == MessageKind.Approved) ? [line, .. told]
            : told;
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

    /// <param name="conversation">Empty where calls stand in the session of the trace.</param>
    private static DerivedLine NoteOf(long line, string trace, string conversation)
    {
        var detail = new Dictionary<string, string> { ["trace_id"] = trace };
        if (conversation.Length > 0)
        {
            detail["session"] = conversation;
        }

        return new DerivedLine(line)
        {
            Note = new DerivedNote(
                TracePlace.SessionOf(trace), NoteId + conversation, NoteType,
                JsonSerializer.SerializeToElement(detail)),
        };
    }
}

/// <param name="IsOnEach">Each call of the trace can be expected to name it too.</param>
internal readonly record struct LearnedTrace(string Trace, string Conversation, bool IsOnEach);
