using System.Buffers;
using System.Net;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;
using Audit.Node.CommandLine.Remote;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>Posts a batch of lines and reads its receipts.</summary>
internal sealed class BatchSender(NodeClient client, IReadOnlyList<KeyValuePair<string, string>> headers)
{
    private const string MediaType = "application/x-ndjson";

    public Uri Server => client.Server;

    /// <exception cref="CommandException">The node refuses the request, and would refuse it again.</exception>
    public async Task<PostResult> PostAsync(
        ReadOnlySequence<byte> lines, Action<ReceiptLine> receive, CancellationToken cancellation)
    {
        var received = 0L;
        try
        {
            using var request = MakeRequest(lines);
            using var response = await client.SendAsync(request, cancellation);
            if (await RefusedForNowAsync(response, cancellation) is { } refused)
            {
                return refused;
            }

            using var answer = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            while (await answer.ReadLineAsync(cancellation) is { } line)
            {
                using var receipt = ReceiptLine.Parse(line);
                if (receipt.IsStop)
                {
                    return Stopped(received, receipt);
                }

                receive(receipt);
                received++;
            }
            return new PostResult(received);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException)
        {
            return new PostResult(received) { Trouble = failure.Message, IsLost = true, IsAbsent = IsAbsent(failure) };
        }
    }

    private static bool IsAbsent(Exception failure) => failure is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError,
    };

    private static PostResult Stopped(long received, ReceiptLine stop) => new(received)
    {
        Trouble = stop.Text("error") ?? "the node stopped",
        RetryAfter = stop.RetryAfter,
        IsFinal = stop.RetryAfter is null,
    };

    private HttpRequestMessage MakeRequest(ReadOnlySequence<byte> lines)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/records") { Content = new SequenceContent(lines, MediaType) };
        request.Headers.Accept.ParseAdd(MediaType);
        // A node that refuses says so before it is sent megabytes.
        request.Headers.ExpectContinue = true;
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                throw CommandException.WrongUse($"\"{value}\" cannot be sent as {name}.");
            }
        }
        return request;
    }

    private static async Task<PostResult?> RefusedForNowAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode)
        {
            return null;
        }

        var refusal = await Refusal.ReadAsync(response, cancellation);
        return response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
                or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
            ? new PostResult(0) { Trouble = refusal.Message, RetryAfter = response.Headers.RetryAfter?.Delta }
            : throw refusal;
    }
}
