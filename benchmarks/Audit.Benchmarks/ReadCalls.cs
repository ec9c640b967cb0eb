namespace Audit.Benchmarks;

/// <summary>Messages of the workload as the node reads them.</summary>
internal static class ReadCalls
{
    public static CallSubmission[] Of(Message[] messages)
    {
        var reader = new ItemReader(new RecordHasher(new byte[RecordHasher.KeyLength]));
        var defaults = new ItemDefaults("load", "load", Timestamp.From(DateTimeOffset.UtcNow));
        return [.. messages.Select(message => (CallSubmission)reader.Read(message.Item, defaults).Submission!)];
    }
}
