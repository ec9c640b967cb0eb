
namespace Audit.Client.Sending;

/// <summary>Who receives what becomes of what is sent.</summary>
internal interface ISendingReport
{
    void Receive(ReceiptLine receipt);

    /// <summary>So many bytes of the input are with the node.</summary>
    void Sent(long bytes);

    /// <summary>What a person should know, in a sentence.</summary>
    void Note(string sentence);

    /// <summary>All that was received so far belongs to one request that is over.</summary>
    void FinishBatch();
}
