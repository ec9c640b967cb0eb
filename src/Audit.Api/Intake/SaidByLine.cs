namespace Audit.Api.Intake;

/// <summary>One thing that a line says: a record, a note, an item as it came, or an error.</summary>
internal sealed record SaidByLine(long Line)
{
    public DerivedRecord? Record { get; init; }

    public DerivedNote? Note { get; init; }

    public byte[]? Item { get; init; }

    public string? Error { get; init; }

    public string? Session => Record?.SessionId ?? Note?.SessionId;
}
