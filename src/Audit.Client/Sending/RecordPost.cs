using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Audit.Client.Http;

namespace Audit.Client.Sending;

/// <summary>What came of one request.</summary>
/// <param name="Receipts">How many items, from the first on, have a receipt.</param>
internal sealed record PostResult(long Receipts)
{
    /// <summary>Why the others have none.</summary>
    public string Trouble { get; init; } = "the answer ended before its last receipt";

    /// <summary>When the node wants to be asked again, if it asked for that.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The node could not be reached, or went away.</summary>
    public bool IsLost { get; init; }

    /// <summary>There was not even a connection.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Sending the same again would end the same.</summary>
    public bool IsFinal { get; init; }
}

/// <summary>Posts lines and reads their receipts. What items do not say themselves, the headers say.</summary>
internal sealed class RecordPost(
    NodeClient client, IReadOnlyList<KeyValuePair<string, string>> headers, TimeProvider? clock = null)
{
    private const string MediaType = "application/x-ndjson";
    private const long LeastToAskFirst = 64 << 10;

    /// <summary>Whether receipts are held until the log has what they acknowledge, and come with proofs.</summary>
    public bool WaitsForSeal { get; init; }

    private string Wait => WaitsForSeal ? "?wait=sealed" : "";

    public Uri Server => client.Server;

    /// <exception cref="NodeException">The node refuses the request, and would refuse it again.</exception>
    public async Task<PostResult> SendAsync(
        ReadOnlySequence<byte> lines, Action<ReceiptLine> receive, CancellationToken cancellation)
    {
        var received = 0L;
        ReceiptLine? away = null;
        try
        {
            using var request = MakeRequest("v1/records" + Wait, new SequenceContent(lines));
            using var response = await client.SendAsync(request, cancellation);
            if (await RefusedForNowAsync(response, cancellation) is { } refused)
            {
                return refused;
            }

            await foreach (var receipt in ReadAsync(response, cancellation))
            {
                if (receipt.IsStop)
                {
                    return Stopped(received, receipt);
                }

                // From the first that nobody could take, all is sent again: what was recorded behind it is a duplicate.
                away ??= receipt.IsUnavailable ? receipt : null;
                if (away is null)
                {
                    receive(receipt);
                    received += receipt.IsSignature ? 0 : 1;
                }
            }

            return away is null ? new PostResult(received) : Stopped(received, away);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException)
        {
            return new PostResult(received) { Trouble = failure.Message, IsLost = true, IsAbsent = IsAbsent(failure) };
        }
    }

    /// <summary>
    /// Sends another system's stream in one request, for what its events mean depends on those before. It is not
    /// resumed in the middle: sent again from its beginning, what was recorded is a duplicate.
    /// </summary>
    /// <exception cref="NodeException">The node refuses the stream, or went away.</exception>
    public async Task SendFormatAsync(
        string format, Stream input, ISendingReport report, CancellationToken cancellation)
    {
        try
        {
            using var request = MakeRequest(
                $"v1/ingest/{format}{Wait}", new FollowedContent(input, report.Sent, clock ?? TimeProvider.System));
            using var response = await client.RequireAsync(request, cancellation);
            await foreach (var receipt in ReadAsync(response, cancellation))
            {
                if (receipt.IsStop)
                {
                    throw new NodeException(NodeTrouble.Refused, $"The node takes no more: {receipt.Error}");
                }

                report.Receive(receipt);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException)
        {
            throw new NodeException(
                NodeTrouble.Unreachable,
                $"The node at {Server} went away: {failure.Message.TrimEnd('.')}. What it recorded is a duplicate when "
                + "the stream is sent again.");
        }

        report.FinishBatch();
    }

    private static async IAsyncEnumerable<ReceiptLine> ReadAsync(
        HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            yield return ReceiptLine.Parse(line);
        }
    }

    private HttpRequestMessage MakeRequest(string path, HttpContent content)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaType);
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.Accept.ParseAdd(MediaType);
        // A node that refuses says so before it is sent megabytes.
        request.Headers.ExpectContinue = content.Headers.ContentLength is not < LeastToAskFirst;
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                throw new NodeException(NodeTrouble.Unsendable, $"\"{value}\" cannot be sent as {name}.");
            }
        }

        return request;
    }

    private static async Task<PostResult?> RefusedForNowAsync(
        HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode)
        {
            return null;
        }

        var refusal = await NodeException.OfRefusalAsync(response, cancellation);
        return refusal.IsForNow
            ? new PostResult(0) { Trouble = refusal.Message, RetryAfter = refusal.RetryAfter }
            : throw refusal;
    }

    private static PostResult Stopped(long received, ReceiptLine stop) => new(received)
    {
        Trouble = stop.Error ?? "the node stopped",
        RetryAfter = stop.Pause,
        IsFinal = stop.Pause is null,
    };

    private static bool IsAbsent(Exception failure) => failure is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError,
    };
}

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
