namespace Audit.Actors.Messages;

/// <summary>What became of a <see cref="StreamMail"/>.</summary>
public sealed class StreamAnswer : ICrossesTheWire
{
    public long Ticket { get; set; }

    /// <summary>
    /// Nothing of the mail was written, for certain: another writer was first, or the actor ended before its turn. It may be
    /// sent again by the node itself.
    /// </summary>
    public bool NothingWritten { get; set; }

    /// <summary>Set when it is not known what was written: why.</summary>
    public string? Unknown { get; set; }

    /// <summary>One for each item, unless one of the above is set.</summary>
    public AnswerItem[] Items { get; set; } = [];
}
