using System.Security.Cryptography;

namespace Audit.Api.Intake;

/// <summary>Makes items of the events of another system's stream, and counts those that are ignored.</summary>
internal sealed class FormatLines(
    RecordIntake intake, IJournal journal, IFormatReader reader, TraceSessions traces) : ILineIntake, IFormatSink
{
    /// <summary>Of one event: one that has more wrong with it has it a million times.</summary>
    private const int MostSentences = 100;

    /// <summary>Of one event, of whatever size.</summary>
    private const int MostDerived = 100_000;

    private const int MostRefused = 10_000;

    private readonly InferredTimes times = new(journal);
    private readonly IgnoredEvents ignored = new();
    private readonly HashSet<string> refused = [];
    private readonly HashSet<LearnedTrace> learned = [];
    private List<DerivedLine> derivedLines = [];
    private ReadOnlyMemory<byte> text;
    private long line;
    private int begin;
    private long sentences;
    private bool? hasSecret;

    /// <summary>Events of which nothing could be taken in.</summary>
    public long Refused { get; private set; }

    /// <summary>What is wrong with parts of the first event that were left out before it is read.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    public IgnoredEvents IgnoredEvents => ignored;

    public async ValueTask<ItemBatch> ReadAsync(ReadOnlyMemory<byte> buffer, List<RawItem> lines, ItemDefaults defaults)
    {
        derivedLines = new List<DerivedLine>(lines.Count);
        foreach (var raw in lines)
        {
            line = raw.Line > 0 ? raw.Line : line + 1;
            (text, begin, sentences, hasSecret) = (default, derivedLines.Count, 0, null);
            if (raw.Large is { } large)
            {
                Invalid($"an event of {large.Length} bytes; at most {ItemLimits.Read} are read");
            }
            else
            {
                text = buffer.Slice(raw.Start, raw.Length);
                foreach (var sentence in line == 1 ? LeftOut : [])
                {
                    Invalid(sentence);
                }

                reader.Read(text.Span, line, this);
            }

            if (sentences > MostSentences)
            {
                var more = sentences - MostSentences;
                derivedLines.Add(new DerivedLine(line) { Error = $"{more} more of its parts could not be taken in" });
            }
        }

        await traces.PlaceAsync(derivedLines, learned, defaults);
        learned.Clear();
        await times.LookUpAsync(derivedLines, defaults);
        var batch = new ItemBatch(derivedLines.Count);
        var derived = defaults with { Derived = true };
        var inferred = derived with { TimeInferred = true };
        foreach (var one in derivedLines)
        {
            batch.Add(ItemOf(one, defaults, derived, inferred), one.Line);
        }

        return batch;
    }

    /// <summary>Takes in a body that holds one event, or an array of them.</summary>
    public Task<List<Receipt>> TakeAsync(ReadOnlyMemory<byte> body, ItemDefaults defaults)
    {
        if (BodyKinds.IsArray(body.Span))
        {
            return intake.TakeArrayAsync(body, this, defaults);
        }

        var mark = body.Span.StartsWith("\uFEFF"u8) ? 3 : 0;
        return intake.TakeAllAsync(body, [new RawItem(mark, body.Length - mark)], this, defaults);
    }

    /// <summary>What said nothing, and of which format the stream is where that was told by it.</summary>
    public void WriteIgnored(ReceiptWriter writer) => ignored.Write(writer, reader.Recognised);

    public void WriteEnd(ReceiptWriter writer)
    {
        WriteIgnored(writer);
        writer.Write((byte)'\n');
    }

    public void Record(DerivedRecord record) => Add(new DerivedLine(line) { Record = record });

    public void Note(DerivedNote note) => Add(new DerivedLine(line) { Note = note });

    public void Item(ReadOnlySpan<byte> item) => derivedLines.Add(new DerivedLine(line) { Item = item.ToArray() });

    public void Ignored(string type) => ignored.Add(intake.Redactor?.Text(type) ?? type);

    public void Learned(string trace, string conversation, bool isOnEach) =>
        learned.Add(new LearnedTrace(trace, conversation, isOnEach));

    public void Invalid(string sentence)
    {
        Refused++;
        if (sentences++ < MostSentences)
        {
            // Once an event, which may be as large as a body.
            hasSecret ??= intake.Reader.HoldsSecret(text.Span);
            var told = hasSecret.Value ? intake.Reader.WithoutQuotes(sentence) : sentence;
            derivedLines.Add(new DerivedLine(line) { Error = told });
        }
    }

    private void Add(DerivedLine derived)
    {
        if (derivedLines.Count - begin < MostDerived)
        {
            derivedLines.Add(derived);
        }
        else
        {
            Invalid($"more than {MostDerived} messages in one event; send it in parts");
        }
    }

    private ItemRead ItemOf(DerivedLine one, ItemDefaults defaults, ItemDefaults derived, ItemDefaults inferred)
    {
        if (one.Error is not null)
        {
            return new ItemRead(null, one.Error);
        }

        if (one.Item is { } item)
        {
            return Count(intake.Items.Read(item, defaults), one);
        }

        if ((one.Session ?? defaults.SessionId) is null)
        {
            return Count(
                new ItemRead(null, "session_id: missing; the event names no session, and neither does ?session="), one);
        }

        return one.Record is { } record
            ? Count(ReadRecord(record, one, derived, inferred), one)
            : ReadNote(one.Note!, one, derived, inferred);
    }

    private ItemRead ReadRecord(DerivedRecord record, DerivedLine one, ItemDefaults derived, ItemDefaults inferred)
    {
        var time = record.Time ?? Rfc3339.Format(times.Of(record, one.Line, derived));
        times.Remember(record, time, derived);
        if (record.Agent is { } agent && (!derived.Bounds.MayName(agent) || IsNoName(agent, Ids.MaxBytes)))
        {
            record = record.OfSubAgent();
        }

        if (record.Parent is { } parent && IsNoName(parent, Ids.MaxCallBytes))
        {
            record = record.OfUnknownParent();
        }

        return intake.Items.Read(
            DerivedJson.Item(record, derived.SessionId, time),
            record.Time is null || record.IsTimeInferred ? inferred : derived);
    }

    /// <summary>A name that nobody could be found by costs no call its place in the book.</summary>
    private bool IsNoName(string name, int maxBytes) =>
        (Ids.Refuse(name, maxBytes) ?? SecretIds.Refuse(intake.Redactor, name)) is not null;

    private ItemRead ReadNote(DerivedNote note, DerivedLine one, ItemDefaults derived, ItemDefaults inferred)
    {
        var received = derived.ReceivedAt.AddNanoseconds(one.Line);
        return intake.Items.Read(
            DerivedJson.Item(note, derived.SessionId),
            note.Time is null ? inferred with { ReceivedAt = received } : note.IsTimeInferred ? inferred : derived);
    }

    /// <summary>Several messages of one call that cannot be written are one event that could not be taken in.</summary>
    private ItemRead Count(in ItemRead read, DerivedLine one)
    {
        if (read.Submission is null
            && (one.Record is null || IsFirst($"{one.Session}|{one.Record.Record.ToolCallId}")))
        {
            Refused++;
        }

        return read;
    }

    /// <summary>Of names of any length, and of a stream of any length, only so much is kept.</summary>
    private bool IsFirst(string call)
    {
        if (refused.Count == MostRefused)
        {
            refused.Clear();
        }

        return refused.Add(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(call)).AsSpan(0, 16)));
    }
}

/// <summary>One thing that is derived from a line: a record, a note, an item as it came, or an error.</summary>
internal sealed record DerivedLine(long Line)
{
    public DerivedRecord? Record { get; init; }

    public DerivedNote? Note { get; init; }

    public byte[]? Item { get; init; }

    public string? Error { get; init; }

    public UnsettledCall? Unsettled => Record?.Unsettled ?? Note?.Unsettled;

    public string? Session => Record?.SessionId ?? Note?.SessionId;
}

/// <summary>Counts the events of a stream that concern no call and no session, by the name of their type.</summary>
internal sealed class IgnoredEvents
{
    private const int MostTypes = 100;
    private const int LongestType = 128;
    private const string Others = "others";

    private readonly SortedDictionary<string, long> types = new(StringComparer.Ordinal);

    public long Count { get; private set; }

    public void Add(string type)
    {
        Count++;
        var name = type.Length <= LongestType && (types.ContainsKey(type) || types.Count < MostTypes) ? type : Others;
        types[name] = types.GetValueOrDefault(name) + 1;
    }

    public void Write(ReceiptWriter writer, string? format) => writer.WriteIgnored(Count, types, format);
}
