using System.IO.Compression;
using System.Text;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Intake;

public sealed class CompressionTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    public static TheoryData<string, string> Forms() => new()
    {
        { "gzip", "application/json" },
        { "gzip", "application/x-ndjson" },
        { "br", "application/json" },
        { "br", "application/x-ndjson" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task a_compressed_body_is_read(string encoding, string type)
    {
        var answer = await PostAsync(encoding, type, Compress(encoding, Lines(100)[..(type.EndsWith("json") && !type.Contains("nd") ? 1 : 100)]));

        Assert.All(answer.Statuses, status => Assert.Equal("recorded", status));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task a_damaged_body_is_400_and_says_so(string encoding, string type)
    {
        Assert.Contains(encoding, (await PostAsync(encoding, type, "this was never compressed at all"u8.ToArray())).Problem(400));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task a_cut_body_never_looks_whole(string encoding, string type)
    {
        var lines = Lines(type.Contains("nd") ? 2000 : 1);
        var compressed = Compress(encoding, lines);
        var answer = await PostAsync(encoding, type, compressed[..^(compressed.Length / 3)]);

        if (answer.Status == 200)
        {
            Assert.Equal("stopped", answer.Statuses[^1]);
            Assert.Equal(answer.Lines.Count - 1, answer.Lines[^1].GetProperty("next_index").GetInt32());
            Assert.Contains(encoding, answer.Lines[^1].Text("error"));
        }
        else
        {
            Assert.Contains(encoding, answer.Problem(400));
        }
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task a_bomb_is_refused(string encoding)
    {
        var bomb = Bomb(encoding, 300 << 20);

        (await PostAsync(encoding, "application/json", bomb)).Problem(413);
        (await PostAsync(encoding, "application/x-ndjson", bomb)).Problem(413);
    }

    [Fact]
    public async Task a_bomb_behind_records_stops_the_stream()
    {
        var records = Encoding.UTF8.GetBytes(string.Concat(Lines(2000).Select(line => line + "\n")));
        var answer = await PostAsync("gzip", "application/x-ndjson", Bomb("gzip", 300 << 20, records));

        Assert.Equal(2000, answer.Statuses.Count(status => status == "recorded"));
        Assert.Equal("stopped", answer.Statuses[^1]);
    }

    private Task<Answer> PostAsync(string encoding, string type, byte[] body) => node.Http.AnswerAsync(
        HttpMethod.Post, "/v1/records", body, type, change: request => request.Content!.Headers.ContentEncoding.Add(encoding));

    private static string[] Lines(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Records.Item("s-1", $"c-{i}", Records.Completed()))];

    private static byte[] Compress(string encoding, string[] lines) => Compress(encoding, stream =>
    {
        foreach (var line in lines)
        {
            stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
    });

    private static byte[] Bomb(string encoding, int bytes, byte[]? before = null) => Compress(encoding, stream =>
    {
        stream.Write(before ?? []);
        var zeros = new byte[1 << 20];
        for (var written = 0; written < bytes; written += zeros.Length)
        {
            stream.Write(zeros);
        }
    });

    private static byte[] Compress(string encoding, Action<Stream> write)
    {
        using var compressed = new MemoryStream();
        using (Stream stream = encoding == "br"
            ? new BrotliStream(compressed, CompressionLevel.Optimal)
            : new GZipStream(compressed, CompressionLevel.Optimal))
        {
            write(stream);
        }

        return compressed.ToArray();
    }
}
