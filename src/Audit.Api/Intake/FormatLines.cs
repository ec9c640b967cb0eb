using Audit.Api.Hosting;

namespace Audit.Api.Intake;

/// <summary>Makes items of the events of another system's stream, and counts those that say nothing to us.</summary>
internal sealed class FormatLines(NodeParts node, IFormatReader reader) : ILineIntake, IFormatSink
{
    private readonly InferredTimes times = new(node);
    private readonly IgnoredEvents ignored = new();
    private readonly HashSet<string> refused = [];
    private List<SaidByLine> said = [];
    private long line;

    /// <summary>Events of which nothing could be taken in.</summary>
    public long Refused { get; private set; }

    public IgnoredEvents IgnoredEvents => ignored;

    public async ValueTask<ItemBatch> ReadAsync(ReadOnlyMemory<byte> buffer, List<RawItem> lines, ItemDefaults defaults)
    {
        said = new List<SaidByLine>(lines.Count);
        foreach (var raw in lines)
        {
            line = raw.Line > 0 ? raw.Line : line + 1;
            if (raw.Large is { } large)
            {
                Invalid($"an event of {large.Length} bytes; at most {ItemLimits.Read} are read");
            }
            else
            {
                reader.Read(buffer.Span.Slice(raw.Start, raw.Length), line, this);
            }
        }

        await times.LookUpAsync(said, defaults);
        var batch = new ItemBatch(said.Count);
        var derived = defaults with { Derived = true };
        var inferred = derived with { TimeInferred = true };
        foreach (var one in said)
        {
            batch.Add(ItemOf(one, defaults, derived, inferred), one.Line);
        }

        return batch;
    }

    public void WriteEnd(ReceiptWriter writer)
    {
        ignored.Write(writer);
        writer.Write((byte)'\n');
    }

    public void Record(DerivedRecord record) => said.Add(new SaidByLine(line) { Record = record });

    public void Note(DerivedNote note) => said.Add(new SaidByLine(line) { Note = note });

    public void Item(ReadOnlySpan<byte> item) => said.Add(new SaidByLine(line) { Item = item.ToArray() });

    public void Ignored(string type) => ignored.Add(type);

    public void Invalid(string sentence)
    {
        Refused++;
        said.Add(new SaidByLine(line) { Error = sentence });
    }

    private ItemRead ItemOf(SaidByLine one, ItemDefaults defaults, ItemDefaults derived, ItemDefaults inferred)
    {
        if (one.Error is not null)
        {
            return new ItemRead(null, one.Error);
        }

        if (one.Item is { } item)
        {
            return Count(node.Items.Read(item, defaults), one);
        }

        if ((one.Session ?? defaults.SessionId) is null)
        {
            return Count(new ItemRead(null, "session_id: missing; the event names no session, and neither does ?session="), one);
        }

        return one.Record is { } record ? Count(ReadRecord(record, one, derived, inferred), one) : ReadNote(one.Note!, one, derived, inferred);
    }

    private ItemRead ReadRecord(DerivedRecord record, SaidByLine one, ItemDefaults derived, ItemDefaults inferred)
    {
        var time = record.Time ?? Rfc3339.Format(times.Of(record, one.Line, derived));
        times.Remember(record, time, derived);
        return node.Items.Read(
            DerivedJson.Item(record, derived.SessionId, time), record.Time is null || record.IsTimeInferred ? inferred : derived);
    }

    private ItemRead ReadNote(DerivedNote note, SaidByLine one, ItemDefaults derived, ItemDefaults inferred)
    {
        var received = derived.ReceivedAt.AddNanoseconds(one.Line);
        return node.Items.Read(
            DerivedJson.Item(note, derived.SessionId),
            note.Time is null ? inferred with { ReceivedAt = received } : note.IsTimeInferred ? inferred : derived);
    }

    /// <summary>Several messages of one call that cannot be written are one event that could not be taken in.</summary>
    private ItemRead Count(in ItemRead read, SaidByLine one)
    {
        if (read.Submission is null && (one.Record is null || refused.Add($"{one.Session}|{one.Record.Record.ToolCallId}")))
        {
            Refused++;
        }

        return read;
    }
}
