using Audit.Lifecycle;

namespace Audit.Engine.Local;

internal static class Receipts
{
    public static ReceiptStatus StatusOf(MessageOutcome outcome) => outcome switch
    {
        MessageOutcome.Recorded => ReceiptStatus.Recorded,
        MessageOutcome.Duplicate => ReceiptStatus.Duplicate,
        MessageOutcome.Violation => ReceiptStatus.Violation,
        _ => ReceiptStatus.Refused,
    };
}
