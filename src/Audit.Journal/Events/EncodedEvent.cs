namespace Audit.Journal.Events;

/// <summary>An event as it goes into a row.</summary>
/// <param name="Opened">
/// The message with its content in the place of what is sealed; empty where nothing is.
/// </param>
public readonly record struct EncodedEvent(
    string Manifest, ReadOnlyMemory<byte> Message, ReadOnlyMemory<byte> Opened = default);

/// <summary>What the events of one submission say beside the law's own facts.</summary>
/// <param name="Record">The record's bytes as sent, but for what was redacted; empty for what was too large to be
/// kept.</param>
/// <param name="Redacted">What was taken out of the record; null where nothing was.</param>
public readonly record struct CallContext(
    SessionName Session, string ToolCallId, string? Agent, CallMessage Message, ReadOnlyMemory<byte> Record,
    RedactionMark? Redacted = null);

/// <summary>
/// Room for the messages of one append, in a few pieces that the next append uses again: an array for each message
/// would be half of all that an engine allocates.
/// </summary>
public sealed class MessageRoom
{
    private const int PieceBytes = 256 << 10;

    private readonly List<byte[]> pieces = [];
    private int used;

    public ReadOnlyMemory<byte> Keep(ReadOnlySpan<byte> message)
    {
        if (pieces.Count == 0 || pieces[^1].Length - used < message.Length)
        {
            pieces.Add(ArrayPool<byte>.Shared.Rent(Math.Max(PieceBytes, message.Length)));
            used = 0;
        }

        var kept = pieces[^1].AsMemory(used, message.Length);
        message.CopyTo(kept.Span);
        used += message.Length;
        return kept;
    }

    /// <summary>Gives the room to others. Nobody may read a message of it after this.</summary>
    public void Release()
    {
        foreach (var piece in pieces)
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        pieces.Clear();
    }
}
