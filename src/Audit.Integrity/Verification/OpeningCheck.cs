using System.Security.Cryptography;

namespace Audit.Integrity.Verification;

/// <summary>
/// Opens what a bundle brings the keys of, and compares the records that come out with what their heads say. The heads'
/// fingerprints are keyed with a key that no bundle has, so of these it is seen whether the same content has the same
/// one everywhere, and another content another.
/// </summary>
/// <param name="keys">By stream; null with a store.</param>
internal sealed class OpeningCheck(IReadOnlyDictionary<string, byte[]>? keys)
{
    private const int MostNamed = 10, MostCompared = 1 << 20;

    private readonly RecordHasher hasher = new(RandomNumberGenerator.GetBytes(RecordHasher.KeyLength));
    private readonly Dictionary<Fingerprint, Fingerprint> contents = [], heads = [];
    private readonly List<IntegrityFault> faults = [];
    private readonly Look[] looks = new Look[RowBatch.MostRows];
    private OpenedContents found = new(0, 0, 0, 0);
    private long faultCount;

    private enum Fate : byte
    {
        NoContent,
        WithoutKey,
        Closed,
        Opened,
        Compared,
    }

    public OpenedContents? Report => keys is null ? null : found;

    public void Take(RowBatch batch)
    {
        if (keys is null)
        {
            return;
        }

        Parallel.For(0, batch.Count, index => looks[index] = LookAt(batch, index, keys));
        for (var index = 0; index < batch.Count; index++)
        {
            Note(batch[index].Position, looks[index]);
        }
    }

    public IEnumerable<IntegrityFault> Faults() => faultCount <= faults.Count
        ? faults
        : faults.Append(new IntegrityFault(
            IntegrityFaultKind.ContentDiffers, null, null,
            $"The contents of {faultCount - faults.Count} further rows are not what was sealed of them."));

    private void Note(long position, in Look look)
    {
        found = look.Fate switch
        {
            Fate.WithoutKey => found with { WithoutKey = found.WithoutKey + 1 },
            Fate.Closed => found with { Closed = found.Closed + 1 },
            Fate.Opened => found with { Opened = found.Opened + 1 },
            Fate.Compared => found with { Opened = found.Opened + 1, Compared = found.Compared + 1 },
            _ => found,
        };
        var wrong = look.Wrong ?? (IsOne(look.Input) && IsOne(look.Result)
            ? null
            : "the fingerprint in its head is that of another content");
        if (wrong is null)
        {
            return;
        }

        faultCount++;
        if (faults.Count < MostNamed)
        {
            faults.Add(new IntegrityFault(
                IntegrityFaultKind.ContentDiffers, position, null,
                $"The content of the row at position {position} is not what its head was made of: {wrong}."));
        }
    }

    /// <summary>Whether what a head and a content come to were met together or not at all.</summary>
    private bool IsOne((Fingerprint Head, Fingerprint Content) pair)
    {
        if (pair.Head.IsEmpty || pair.Content.IsEmpty)
        {
            return true;
        }

        var isNew = !contents.TryGetValue(pair.Head, out var content) & !heads.TryGetValue(pair.Content, out var head);
        if (isNew && contents.Count < MostCompared)
        {
            contents[pair.Head] = pair.Content;
            heads[pair.Content] = pair.Head;
        }

        return isNew || (content == pair.Content && head == pair.Head);
    }

    private Look LookAt(RowBatch batch, int index, IReadOnlyDictionary<string, byte[]> known)
    {
        if (!batch.HasContent(index))
        {
            return default;
        }

        if (batch[index].IsClosed)
        {
            return new Look(Fate.Closed);
        }

        var stream = Encoding.UTF8.GetString(batch.Stream(index));
        if (!known.TryGetValue(stream, out var key))
        {
            return new Look(Fate.WithoutKey);
        }

        var manifest = Encoding.UTF8.GetString(batch.Manifest(index));
        var row = new JournalRow(
            batch[index].Position, stream, batch[index].Sequence, batch[index].Created, manifest,
            batch.Message(index).ToArray());
        var opened = Payload.Open(row, EventNames.PayloadMember(manifest), key, out var isClosed);
        return isClosed
            ? new Look(Fate.WithoutKey) { Wrong = "the key that the bundle brings of its stream does not open it" }
            : Compare(opened);
    }

    private Look Compare(byte[] message)
    {
        try
        {
            var view = EventView.Read(message);
            if (view.Raw(EventField.Record).IsEmpty || view.RecordedKind() is null)
            {
                return new Look(Fate.Opened);
            }

            var said = view.RecordedFacts();
            var json = new StrictJsonReader(view.Raw(EventField.Record));
            json.Read();
            var facts = RecordReader.Read(ref json, hasher).Facts;
            // What was cut or redacted has the fingerprints of what was sent, and a decision those of its question.
            var differing = Differing(said, facts);
            var isWhole = KeptPart.Missing(view) is null && view.Flag(EventField.MadeByNode) != true;
            return new Look(Fate.Compared)
            {
                Input = isWhole ? (said.Input, facts.Input) : default,
                Result = isWhole ? (said.Result, facts.Result) : default,
                Wrong = differing.Count == 0 ? null : $"they differ in {string.Join(", ", differing)}",
            };
        }
        catch (UnreadableException failure)
        {
            return new Look(Fate.Opened) { Wrong = $"it cannot be read: {failure.Message}" };
        }
    }

    private static List<string> Differing(in RecordFacts said, in RecordFacts facts)
    {
        (string Name, bool Differs)[] members =
        [
            ("tool_call_id", said.ToolCallId != facts.ToolCallId),
            ("kind", said.Kind != facts.Kind),
            ("turn", said.Turn != facts.Turn),
            ("tool_name", said.ToolName != facts.ToolName),
            ("provider", said.Provider != facts.Provider),
            ("tier", said.NeedsConfirmation != facts.NeedsConfirmation),
            ("recorded_at", said.RecordedAt != facts.RecordedAt),
            ("success", said.Success != facts.Success),
        ];
        return [.. members.Where(member => member.Differs).Select(member => member.Name)];
    }

    private readonly record struct Look(Fate Fate)
    {
        public (Fingerprint Head, Fingerprint Content) Input { get; init; }

        public (Fingerprint Head, Fingerprint Content) Result { get; init; }

        public string? Wrong { get; init; }
    }
}
