namespace Audit.Actors.Messages;

/// <summary>A receipt as it travels between nodes, as yet without a position.</summary>
public sealed class AnswerItem : ICrossesTheWire
{
    public byte Status { get; set; }

    public long Sequence { get; set; }

    public string? State { get; set; }

    public int Attempt { get; set; }

    public long Anomalies { get; set; }

    public string? Message { get; set; }

    public string? Reason { get; set; }

    public string? Error { get; set; }

    internal static AnswerItem Of(Receipt receipt) => new()
    {
        Status = (byte)receipt.Status,
        Sequence = receipt.Sequence,
        State = receipt.State,
        Attempt = receipt.Attempt,
        Anomalies = (long)receipt.Anomalies,
        Message = receipt.Message,
        Reason = receipt.Reason,
        Error = receipt.Error,
    };

    internal Receipt ToReceipt() => new((ReceiptStatus)Status)
    {
        Sequence = Sequence,
        State = State,
        Attempt = Attempt,
        Anomalies = (Anomalies)Anomalies,
        Message = Message,
        Reason = Reason,
        Error = Error,
    };
}
