using System.Threading.Channels;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Verification;

/// <summary>
/// Reads batches, hashes several at once, and gives them on in order. What is under way is bounded, and so is the
/// memory.
/// </summary>
internal static class RowPipeline
{
    public static async Task RunAsync(
        IRowSource source, EntryKeys? keys, Func<ReadBatch, CancellationToken, Task> take,
        CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var depth = 2 * Environment.ProcessorCount + 1;
        var free = Channel.CreateBounded<ReadBatch>(depth);
        for (var i = 0; i < depth; i++)
        {
            free.Writer.TryWrite(new ReadBatch());
        }

        var filled = Channel.CreateBounded<(ReadBatch Batch, Task Work)>(depth);
        var reading = Task.Run(
            () => ReadAsync(source, keys, free.Reader, filled.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var (batch, work) in filled.Reader.ReadAllAsync(stop.Token))
            {
                await work;
                await take(batch, stop.Token);
                batch.Rows.Clear();
                free.Writer.TryWrite(batch);
            }
        }
        finally
        {
            // Whoever gave the source may close it once this has returned.
            await stop.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await reading;
    }

    private static async Task ReadAsync(
        IRowSource source,
        EntryKeys? keys,
        ChannelReader<ReadBatch> free,
        ChannelWriter<(ReadBatch, Task)> filled,
        CancellationToken cancellation)
    {
        Exception? failure = null;
        try
        {
            while (true)
            {
                var batch = await free.ReadAsync(cancellation);
                await source.FillAsync(batch.Rows, cancellation);
                if (batch.Rows.Count == 0)
                {
                    return;
                }

                var work = Task.Run(() => batch.Work(keys), CancellationToken.None);
                await filled.WriteAsync((batch, work), cancellation);
            }
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }
        finally
        {
            filled.TryComplete(failure);
        }
    }
}

/// <summary>Rows with their hashes, and with what each says as far as completeness asks.</summary>
internal sealed class ReadBatch
{
    private readonly CheckedEvent[] facts = new CheckedEvent[RowBatch.MostRows];

    public RowBatch Rows { get; } = new();

    public ref readonly CheckedEvent Facts(int index) => ref facts[index];

    public void Work(EntryKeys? keys)
    {
        Rows.Hash(keys);
        for (var i = 0; i < Rows.Count; i++)
        {
            facts[i] = CheckedEvent.Of(Rows, i);
        }
    }
}

/// <summary>
/// What completeness asks of an event, read from what stands before the record: the record itself is not parsed.
/// </summary>
internal struct CheckedEvent
{
    private static readonly byte[] CallPrefix = "call."u8.ToArray();
    private static readonly byte[] Operator = Encoding.UTF8.GetBytes(EventNames.OperatorActed);
    private static readonly byte[] LogKeys = Encoding.UTF8.GetBytes(StreamNames.LogKeys);
    private static readonly byte[] NoteManifest =
        Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.SessionNoted));
    private static readonly byte[] Rejudged = Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.CallRejudged));
    private static readonly byte[] Retimed = Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.CallRetimed));
    private static readonly byte[] Violated = Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.CallViolated));
    private static readonly byte[] Flooded = Encoding.UTF8.GetBytes(EventNames.ManifestOf(EventNames.CallFlooded));

    public bool IsCall;
    public bool IsNote;

    /// <summary>It is a message against the law.</summary>
    public bool IsViolation;

    /// <summary>It says that the log was ended and begun anew.</summary>
    public bool IsRestart;

    /// <summary>It says that a key of the log took the place of another.</summary>
    public bool IsNewKey;

    /// <summary>It should say something and cannot be read.</summary>
    public bool IsUnreadable;

    /// <summary>The state after a call's message, if it says one.</summary>
    public CallState? State;

    /// <summary>
    /// The order of the call's messages is not that of its rows: only folding them all shows its state.
    /// </summary>
    public bool IsReordered;

    /// <summary>Messages of the call were only counted and have no rows.</summary>
    public bool IsFlooded;

    public SessionTurn Turn;

    /// <summary>The host's own number.</summary>
    public long? Seq;

    /// <summary>Where the names of source and token lie in the message.</summary>
    public int SourceStart;
    public int SourceLength;
    public int TokenStart;
    public int TokenLength;

    public static CheckedEvent Of(RowBatch batch, int index)
    {
        var facts = default(CheckedEvent);
        ref readonly var row = ref batch[index];
        var manifest = batch.Manifest(index);
        if (row.Identifier != JournalTable.SerializerId || row.Deleted || row.Unproven || row.IsEntry)
        {
            return facts;
        }

        if (manifest.StartsWith(Operator))
        {
            facts.IsRestart = batch.Message(index).IndexOf("\"act\":\"log.restarted\""u8) >= 0;
            facts.IsNewKey = batch.Stream(index).SequenceEqual(LogKeys);
            return facts;
        }

        facts.IsCall = manifest.StartsWith(CallPrefix);
        facts.IsNote = manifest.SequenceEqual(NoteManifest);
        if (!facts.IsCall && !facts.IsNote)
        {
            return facts;
        }

        facts.IsReordered = manifest.SequenceEqual(Rejudged) || manifest.SequenceEqual(Retimed);
        facts.IsViolation = manifest.SequenceEqual(Violated);
        facts.IsFlooded = manifest.SequenceEqual(Flooded);
        try
        {
            facts.Read(EventView.ReadHead(batch.MessageMemory(index)));
        }
        catch (UnreadableException)
        {
            facts.IsUnreadable = true;
        }

        return facts;
    }

    private void Read(in EventView view)
    {
        Seq = view.Number(EventField.Seq);
        IsReordered |= view.Flag(EventField.Late) == true;
        (SourceStart, SourceLength) = PlaceOf(view, EventField.Source);
        (TokenStart, TokenLength) = PlaceOf(view, EventField.Token);
        Turn = IsNote ? SessionTurns.Of(view.Utf8Text(EventField.Type)) : SessionTurn.None;
        // A violation leaves the call where it was.
        State = IsCall ? StateOf(view, EventField.To) ?? StateOf(view, EventField.From) : null;
    }

    private static (int Start, int Length) PlaceOf(in EventView view, EventField field) =>
        view.Utf8Text(field) is { IsEmpty: false } name ? (view.PlaceOf(field).Start.Value + 1, name.Length) : (0, 0);

    private static CallState? StateOf(in EventView view, EventField field) =>
        Words.TryState(view.Utf8Text(field), out var state) ? state : null;
}
