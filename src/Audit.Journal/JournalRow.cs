namespace Audit.Journal;

/// <summary>One event as it lies in the journal.</summary>
public sealed record JournalRow(
    long Position, string PersistenceId, long Sequence, long CreatedTicks, string Manifest, byte[] Message)
{
    /// <summary>The serializer that wrote the message; ours is <see cref="JournalTable.SerializerId"/>.</summary>
    public int? Identifier { get; init; } = JournalTable.SerializerId;

    public bool Deleted { get; init; }

    public string? WriterUuid { get; init; }
}
