using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Audit.Node.Tests.Support;

/// <summary>What was posted, with the headers of Standard Webhooks, and whether the signature is what it must be.</summary>
internal sealed record Posted(string Id, string Signatures, bool IsSigned, byte[] Body)
{
    public JsonElement Json => JsonElement.Parse(Body);
}

/// <summary>A receiver as somebody else would write it: it computes the signatures by itself.</summary>
internal sealed class WebhookReceiver : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly byte[] secret;
    private readonly ConcurrentQueue<Posted> posted = new();
    private readonly Func<Posted, int, Task<int>> answer;
    private readonly Task work;

    /// <param name="answer">The status for what was posted, and how often anything was before; 200 where null.</param>
    public WebhookReceiver(byte[] secret, Func<Posted, int, Task<int>>? answer = null)
    {
        (this.secret, this.answer) = (secret, answer ?? ((_, _) => Task.FromResult(200)));
        Url = $"http://127.0.0.1:{FreePorts.Of(1)[0]}/hook/";
        listener.Prefixes.Add(Url);
        listener.Start();
        work = Task.Run(TakeAsync);
    }

    public string Url { get; }

    /// <summary>What each answer carries.</summary>
    public Dictionary<string, string> Headers { get; } = [];

    /// <summary>All that came, in its order.</summary>
    public IReadOnlyList<Posted> All => [.. posted];

    /// <summary>What came of a rule.</summary>
    public IReadOnlyList<Posted> Of(string rule) => [.. posted.Where(one => one.Json.GetProperty("type").GetString() == rule)];

    public Task UntilAsync(int count) => Patience.UntilAsync(() => Task.FromResult(posted.Count >= count), $"{count} posts came");

    public void Dispose()
    {
        listener.Close();
        work.Wait(TimeSpan.FromSeconds(10));
    }

    private async Task TakeAsync()
    {
        try
        {
            while (true)
            {
                _ = AnswerAsync(await listener.GetContextAsync());
            }
        }
        catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body);
        var headers = context.Request.Headers;
        var (id, time, signatures) = (headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!);
        byte[] signed = [.. Encoding.ASCII.GetBytes(id), (byte)'.', .. Encoding.ASCII.GetBytes(time), (byte)'.', .. body.ToArray()];
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(signed);
        var expected = "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
        var isFresh = Math.Abs(long.Parse(time) - DateTimeOffset.UtcNow.ToUnixTimeSeconds()) < 7 * 24 * 3600;
        var one = new Posted(id, signatures, isFresh && signatures.Split(' ').Contains(expected), body.ToArray());
        var before = posted.Count;
        posted.Enqueue(one);
        try
        {
            context.Response.StatusCode = await answer(one, before);
            foreach (var (name, value) in Headers)
            {
                context.Response.Headers[name] = value;
            }

            context.Response.Close();
        }
        catch (Exception gone) when (gone is HttpListenerException or ObjectDisposedException)
        {
            // Whoever asked did not wait, or the test is over.
        }
    }
}
