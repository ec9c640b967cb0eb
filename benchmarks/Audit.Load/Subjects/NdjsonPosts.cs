using System.Net.Http.Headers;

namespace Audit.Load;

/// <summary>The whole node: NDJSON bodies of 500 records, one after the other on each of four connections.</summary>
internal sealed class NdjsonPosts(string? program, string engine) : IMeasured
{
    private const int Connections = 4;
    private const int BatchItems = 500;
    private const int AnswerBytes = 1 << 20;

    public string Name => Names.On(engine, Names.Ndjson);

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await NodeProcess.StartAsync(store, program, engine);
        using var client = node.Client(Connections);
        await Task.WhenAll(BodiesOf(NodeProcess.WarmUp).Select(of => Task.Run(() => PostAllAsync(client, of))));
        var bodies = BodiesOf(work);
        var meter = new Meter();
        node.BeginMeasurement();
        var recorded = await Task.WhenAll(bodies.Select(of => Task.Run(() => PostAllAsync(client, of))));
        var sample = meter.Read(work.Messages.Length);
        return recorded.Sum() == work.Messages.Length
            ? sample with { Note = node.Describe(sample.Events) }
            : throw new InvalidOperationException($"Only {recorded.Sum()} of {work.Messages.Length} items were recorded.");
    }

    private static byte[][][] BodiesOf(Workload work) =>
        [.. work.DealtTo(Connections).Select(messages => messages.Chunk(BatchItems).Select(BodyOf).ToArray())];

    private static byte[] BodyOf(Message[] messages)
    {
        using var body = new MemoryStream(messages.Length * 1300);
        foreach (var message in messages)
        {
            body.Write(message.Item.Span);
            body.WriteByte((byte)'\n');
        }

        return body.ToArray();
    }

    private static async Task<int> PostAllAsync(HttpClient client, byte[][] bodies)
    {
        var answer = new byte[AnswerBytes];
        var recorded = 0;
        foreach (var body in bodies)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/records");
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            response.EnsureSuccessStatusCode();
            await using var stream = await response.Content.ReadAsStreamAsync();
            var length = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false);
            recorded += answer.AsSpan(0, length).Count("\"status\":\"recorded\",\"position\":"u8);
        }

        return recorded;
    }
}
