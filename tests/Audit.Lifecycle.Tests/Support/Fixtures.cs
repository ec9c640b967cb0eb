namespace Audit.Lifecycle.Tests.Support;

/// <summary>What lies beside the checkout and is no part of it.</summary>
internal static class Fixtures
{
    private static readonly string RecordsFile = Path.Combine("agent-sdk", "records.jsonl");

    public static readonly string? RecordsPath =
        Environment.GetEnvironmentVariable("AUDIT_TEST_FIXTURES") is { Length: > 0 } folder
            ? Path.Combine(folder, RecordsFile) is var path && File.Exists(path) ? path : null
            : Find(Path.Combine("shared", "fixtures", RecordsFile));

    public static IReadOnlyList<(string ToolCallId, CallMessage Message)> Records() =>
    [
        .. File.ReadAllBytes(RecordsPath!).Split((byte)'\n').Where(line => line.Length > 0).Select(line =>
        {
            var json = new StrictJsonReader(line);
            json.Read();
            var read = RecordReader.Read(ref json, Say.Hasher);
            var delivery = new Delivery { ReceivedAt = read.Facts.RecordedAt, Token = "ci-7", Dedup = read.Dedup };
            return (read.Facts.ToolCallId, CallMessage.Of(read.Facts, delivery));
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
