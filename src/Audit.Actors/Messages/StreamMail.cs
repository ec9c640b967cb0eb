namespace Audit.Actors.Messages;

/// <summary>Items for one stream, in order; they are decided and written together.</summary>
public sealed class StreamMail : ICrossesTheWire
{
    /// <summary>The persistence_id, which is also the entity's id.</summary>
    public string Stream { get; set; } = "";

    /// <summary>By which the sender knows the answer.</summary>
    public long Ticket { get; set; }

    public MailItem[] Items { get; set; } = [];
}
