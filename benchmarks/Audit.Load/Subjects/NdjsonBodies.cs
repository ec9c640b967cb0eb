using System.Net.Http.Headers;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>Bodies of many records, and how they are sent.</summary>
internal static class NdjsonBodies
{
    public const int Connections = 4;

    private const int BatchItems = 500;
    private const int AnswerBytes = 1 << 20;

    public static byte[][][] Of(Workload work, int batchItems = BatchItems, int connections = Connections) =>
        [.. work.DealtTo(connections).Select(messages => messages.Chunk(batchItems).Select(BodyOf).ToArray())];

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

    /// <summary>Posts all of it, each host's bodies one after the other.</summary>
    /// <returns>How many were recorded.</returns>
    public static async Task<int> PostAllAsync(HttpClient client, byte[][][] bodies) =>
        (await Task.WhenAll(bodies.Select(of => Task.Run(() => PostAllAsync(client, of))))).Sum();

    private static async Task<int> PostAllAsync(HttpClient client, byte[][] bodies)
    {
        var answer = new byte[AnswerBytes];
        var recorded = 0;
        foreach (var body in bodies)
        {
            recorded += await PostAsync(client, body, answer);
        }

        return recorded;
    }

    /// <returns>How many were recorded.</returns>
    public static async Task<int> PostAsync(HttpClient client, byte[] body, byte[]? answer = null)
    {
        answer ??= new byte[AnswerBytes];
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/records") { Content = ContentOf(body) };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        await using var stream = await response.Content.ReadAsStreamAsync();
        var length = await stream.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false);
        return answer.AsSpan(0, length).Count("\"status\":\"recorded\",\"position\":"u8);
    }

    public static HttpContent ContentOf(byte[] body) =>
        new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
}
