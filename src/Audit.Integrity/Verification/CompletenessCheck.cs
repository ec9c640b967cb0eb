using System.Runtime.InteropServices;

namespace Audit.Integrity.Verification;

/// <summary>Follows sessions and calls while the rows go by. Settled calls are forgotten at once.</summary>
internal sealed class CompletenessCheck
{
    /// <summary>Of more sessions or calls the rest is not followed, and the verdict is partial.</summary>
    private const int MostFollowed = 1_000_000;

    private readonly Dictionary<byte[], SessionFacts>.AlternateLookup<ReadOnlySpan<byte>> sessions =
        new Dictionary<byte[], SessionFacts>(Utf8Comparer.Instance).GetAlternateLookup<ReadOnlySpan<byte>>();

    private readonly Dictionary<byte[], CallFacts>.AlternateLookup<ReadOnlySpan<byte>> calls =
        new Dictionary<byte[], CallFacts>(Utf8Comparer.Instance).GetAlternateLookup<ReadOnlySpan<byte>>();

    private readonly CallSample first = new();
    private readonly CallSample violating = new();
    private long floods;
    private long unreadable;
    private bool isPartial;

    /// <summary>Streams of calls by chance: of all, and of those with violations.</summary>
    public IReadOnlyList<string> Sample => [.. first.Streams.Union(violating.Streams)];

    public void Take(ReadBatch batch)
    {
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            ref readonly var facts = ref batch.Facts(i);
            if (facts.IsCall && (facts.IsViolation || batch.Rows[i].Sequence == 1))
            {
                (facts.IsViolation ? violating : first).Offer(batch.Rows.Stream(i));
            }

            if (facts.IsUnreadable)
            {
                unreadable++;
            }
            else if (facts.IsCall || facts.IsNote)
            {
                Take(batch.Rows, i, facts);
            }
        }
    }

    public async Task<CompletenessVerdict> EndAsync(IRowSource source, CancellationToken cancellation)
    {
        const int MostListed = 100;
        var candidates = calls.Dictionary.Where(call => call.Value.Session.IsEnded).ToList();
        await FoldAsync(source, [.. candidates.Where(call => call.Value.IsReordered)], cancellation);
        var open = candidates.Select(call => call.Value).Where(call => call.State.IsOpen())
            .OrderBy(call => call.Position).ToList();
        var followed = sessions.Dictionary.Values;
        // A host may claim any number it likes, so the sum can exceed what a number holds.
        var missing = followed.Aggregate(UInt128.Zero, (sum, session) => sum + session.Missing);
        return new CompletenessVerdict
        {
            NumberedSessions = followed.LongCount(session => session.IsNumbered),
            EndedSessions = followed.LongCount(session => session.IsEnded),
            MissingNumbers = (long)UInt128.Min(missing, long.MaxValue),
            Gaps = [.. followed.SelectMany(session => session.Gaps()).Take(MostListed)],
            DroppedNumbers = followed.Sum(session => session.Dropped),
            OpenCallCount = open.Count,
            OpenCalls =
            [
                .. open.Take(MostListed).Select(
                    call => new OpenCall(
                        call.Session.Source, call.Session.Id, call.ToolCallId, Words.Of(call.State), call.Position)),
            ],
            Floods = floods,
            UnreadableEvents = unreadable,
            IsPartial = isPartial,
        };
    }

    private void Take(RowBatch batch, int index, in CheckedEvent facts)
    {
        var stream = batch.Stream(index);
        if (!StreamNames.TrySplit(stream, out var session, out var id, out var call))
        {
            return;
        }

        var message = batch.Message(index);
        if (Session(session, message.Slice(facts.SourceStart, facts.SourceLength), id) is not { } known)
        {
            return;
        }

        if (facts.Seq is { } number)
        {
            known.Number(message.Slice(facts.TokenStart, facts.TokenLength), number);
        }

        if (facts.Turn != SessionTurn.None)
        {
            known.IsEnded = facts.Turn == SessionTurn.Ends;
        }

        if (facts.IsFlooded)
        {
            floods++;
        }

        if (facts.IsCall)
        {
            TakeCall(stream, known, call, facts, batch[index].Position);
        }
    }

    private void TakeCall(
        ReadOnlySpan<byte> stream, SessionFacts session, ReadOnlySpan<byte> call, in CheckedEvent facts, long position)
    {
        var isKnown = calls.TryGetValue(stream, out var known);
        var isOpen = facts.State is { } state && state.IsOpen();
        if (!isKnown)
        {
            if (!isOpen && !facts.IsReordered)
            {
                return;
            }

            if (calls.Dictionary.Count >= MostFollowed)
            {
                isPartial = true;
                return;
            }
            known = new CallFacts(session, Encoding.UTF8.GetString(call));
            calls[stream] = known;
        }
        known!.IsReordered |= facts.IsReordered;
        known.State = facts.State ?? known.State;
        known.Position = position;
        if (!isOpen && facts.State is not null && !known.IsReordered)
        {
            calls.Remove(stream);
        }
    }

    private SessionFacts? Session(ReadOnlySpan<byte> name, ReadOnlySpan<byte> source, ReadOnlySpan<byte> id)
    {
        if (sessions.TryGetValue(name, out var known))
        {
            return known;
        }

        if (sessions.Dictionary.Count >= MostFollowed)
        {
            isPartial = true;
            return null;
        }
        return sessions[name] = new SessionFacts(source, id);
    }

    // The rows of these few calls are folded by the law itself, as the engine does.
    private async Task FoldAsync(
        IRowSource source, List<KeyValuePair<byte[], CallFacts>> reordered, CancellationToken cancellation)
    {
        const int MostFolded = 10_000;
        const int FoldedAtOnce = 100;
        isPartial |= reordered.Count > MostFolded;
        foreach (var chunk in reordered.Take(MostFolded).Chunk(FoldedAtOnce))
        {
            var rows = await source.ReadStreamsAsync(
                [.. chunk.Select(call => Encoding.UTF8.GetString(call.Key))], cancellation);
            var streams = rows.ToLookup(row => row.PersistenceId);
            foreach (var (stream, call) in chunk)
            {
                call.State = StateOf(streams[Encoding.UTF8.GetString(stream)]) ?? call.State;
            }
        }
    }

    private CallState? StateOf(IEnumerable<JournalRow> rows)
    {
        try
        {
            return rows.OrderBy(row => row.Sequence)
                .Aggregate(
                    CallHistory.Empty,
                    (history, row) => CallEvolution.Evolve(history, row.Sequence, EventReader.ReadCall(row)))
                .Standing.State;
        }
        catch (InvalidDataException)
        {
            unreadable++;
            return null;
        }
    }
}

/// <summary>Some of many streams, each as likely as any other.</summary>
internal sealed class CallSample
{
    private const int Most = 200;

    private readonly List<string> streams = [];
    private long offered;

    public IReadOnlyList<string> Streams => streams;

    public void Offer(ReadOnlySpan<byte> stream)
    {
        offered++;
        var place = streams.Count < Most ? streams.Count : Random.Shared.NextInt64(offered);
        if (place == streams.Count)
        {
            streams.Add(Encoding.UTF8.GetString(stream));
        }
        else if (place < Most)
        {
            streams[(int)place] = Encoding.UTF8.GetString(stream);
        }
    }
}

/// <summary>Compares names as bytes, so that a name in a row can be looked up without becoming a string.</summary>
internal sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly Utf8Comparer Instance = new();

    public bool Equals(byte[]? one, byte[]? other) => one.AsSpan().SequenceEqual(other);

    public bool Equals(ReadOnlySpan<byte> one, byte[] other) => one.SequenceEqual(other);

    public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());

    public int GetHashCode(ReadOnlySpan<byte> name)
    {
        var hash = default(HashCode);
        hash.AddBytes(name);
        return hash.ToHashCode();
    }

    public byte[] Create(ReadOnlySpan<byte> name) => name.ToArray();
}

/// <summary>Whether the hosts left nothing out, as far as the book can know.</summary>
public sealed record CompletenessVerdict
{
    /// <summary>Sessions in which a host numbered its messages.</summary>
    public required long NumberedSessions { get; init; }

    public required long EndedSessions { get; init; }

    /// <summary>Missing numbers in all; only the first gaps are listed.</summary>
    public required long MissingNumbers { get; init; }

    public required IReadOnlyList<SequenceGap> Gaps { get; init; }

    /// <summary>
    /// Numbers that came and are not remembered, for of one host of a session only so many ranges are: a gap may name
    /// some of them.
    /// </summary>
    public required long DroppedNumbers { get; init; }

    /// <summary>Open calls in all; only the first are listed.</summary>
    public required long OpenCallCount { get; init; }

    public required IReadOnlyList<OpenCall> OpenCalls { get; init; }

    /// <summary>
    /// Notices of floods: messages of those calls were counted and not written, which may explain missing numbers.
    /// </summary>
    public required long Floods { get; init; }

    /// <summary>Events of ours that could not be read.</summary>
    public required long UnreadableEvents { get; init; }

    /// <summary>There were more sessions or calls than are followed: the verdict is about those that are.</summary>
    public required bool IsPartial { get; init; }

    public bool IsComplete => MissingNumbers == 0 && OpenCallCount == 0 && UnreadableEvents == 0;
}

/// <summary>Numbers that a host gave to messages of a session and that the book does not have.</summary>
public sealed record SequenceGap(string Source, string SessionId, string Token, long First, long Last);

/// <summary>A call that was never settled though its session was noted as ended.</summary>
/// <param name="Position">Of the call's last event.</param>
public sealed record OpenCall(string Source, string SessionId, string ToolCallId, string State, long Position);

/// <summary>What is known of a session while the rows go by.</summary>
internal sealed class SessionFacts(ReadOnlySpan<byte> source, ReadOnlySpan<byte> id)
{
    private readonly List<(byte[] Name, List<SeqRange> Ranges, long Dropped, long Highest)> tokens = [];

    public string Source { get; } = Encoding.UTF8.GetString(source);

    public string Id { get; } = Encoding.UTF8.GetString(id);

    public bool IsEnded { get; set; }

    public bool IsNumbered => tokens.Count > 0;

    /// <summary>How many numbers came and are not kept.</summary>
    public long Dropped => tokens.Sum(token => token.Dropped);

    public UInt128 Missing => tokens.Aggregate(
        UInt128.Zero, (sum, token) => sum + SeqRanges.Missing(token.Ranges, token.Dropped, token.Highest));

    public void Number(ReadOnlySpan<byte> token, long number)
    {
        foreach (ref var known in CollectionsMarshal.AsSpan(tokens))
        {
            if (token.SequenceEqual(known.Name))
            {
                if (SeqRanges.Add(known.Ranges, number) == false)
                {
                    known.Dropped++;
                    known.Highest = Math.Max(known.Highest, number);
                }

                return;
            }
        }

        tokens.Add((token.ToArray(), [new SeqRange(number, number)], 0, 0));
    }

    public IEnumerable<SequenceGap> Gaps() =>
        from token in tokens
        from gap in SeqRanges.Gaps(token.Ranges)
        select new SequenceGap(Source, Id, Encoding.UTF8.GetString(token.Name), gap.From, gap.To);
}

/// <summary>A call that is not settled, or whose rows alone do not show whether it is.</summary>
internal sealed class CallFacts(SessionFacts session, string toolCallId)
{
    public SessionFacts Session { get; } = session;

    public string ToolCallId { get; } = toolCallId;

    public CallState State { get; set; }

    public bool IsReordered { get; set; }

    public long Position { get; set; }
}
