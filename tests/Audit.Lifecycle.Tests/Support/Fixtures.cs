namespace Audit.Lifecycle.Tests.Support;

/// <summary>What lies beside the checkout and is no part of it.</summary>
internal static class Fixtures
{
    public static readonly string? RecordsPath = Find(Path.Combine("shared", "fixtures", "agent-sdk", "records.jsonl"));

    public static IReadOnlyList<(string ToolCallId, CallMessage Message)> Records() =>
    [
        .. File.ReadAllBytes(RecordsPath!).Split((byte)'\n').Where(line => line.Length > 0).Select(line =>
        {
            var json = new StrictJsonReader(line);
            json.Read();
            var facts = RecordReader.Read(ref json, Say.Hasher);
            return (facts.ToolCallId, new CallMessage
            {
                Kind = facts.Kind,
                Success = facts.Success,
                RecordedAt = facts.RecordedAt,
                ReceivedAt = facts.RecordedAt,
                Turn = facts.Turn,
                ToolName = facts.ToolName,
                Provider = facts.Provider,
                NeedsConfirmation = facts.NeedsConfirmation,
                Host = "ci-7",
                Dedup = facts.Dedup,
                Input = facts.Input,
                Result = facts.Result,
            });
        }),
    ];

    private static IEnumerable<byte[]> Split(this byte[] text, byte separator)
    {
        var start = 0;
        for (var end = 0; end <= text.Length; end++)
        {
            if (end == text.Length || text[end] == separator)
            {
                yield return text[start..end];
                start = end + 1;
            }
        }
    }

    private static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Audit.Actors.sln")) && folder.Parent is { } beside)
            {
                var path = Path.Combine(beside.FullName, relative);
                return File.Exists(path) ? path : null;
            }
        }

        return null;
    }
}
