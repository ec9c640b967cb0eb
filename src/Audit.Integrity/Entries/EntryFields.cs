namespace Audit.Integrity.Entries;

/// <summary>What an entry says of a row. Names are UTF-8; a row without a manifest has an empty one.</summary>
internal readonly ref struct EntryFields
{
    public required long Position { get; init; }

    public required ReadOnlySpan<byte> Stream { get; init; }

    public required long Sequence { get; init; }

    public required long Created { get; init; }

    public required ReadOnlySpan<byte> Manifest { get; init; }

    public required ReadOnlySpan<byte> Message { get; init; }

    public required int? Identifier { get; init; }

    public required bool Deleted { get; init; }
}
