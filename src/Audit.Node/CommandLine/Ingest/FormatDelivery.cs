using System.Text.Json;
using Audit.Node.CommandLine.Reading;
using Audit.Node.CommandLine.Remote;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>
/// Sends another system's stream in one request, for what its events mean depends on those before. It is not resumed in the
/// middle: sent again from its beginning, what was recorded is a duplicate.
/// </summary>
internal sealed class FormatDelivery(
    NodeClient client, string format, IReadOnlyList<KeyValuePair<string, string>> headers, IngestReport report)
{
    private const string MediaType = "application/x-ndjson";

    public async Task RunAsync(Stream input, CancellationToken cancellation)
    {
        try
        {
            using var request = MakeRequest(input);
            using var response = await client.RequireAsync(request, cancellation);
            using var answer = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            while (await answer.ReadLineAsync(cancellation) is { } line)
            {
                using var receipt = ReceiptLine.Parse(line);
                Receive(receipt);
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException)
        {
            throw CommandException.CannotReach(
                $"The node at {client.Server} went away: {failure.Message.TrimEnd('.')}. What it recorded is a duplicate when the stream "
                + "is sent again.");
        }
        report.FinishBatch(report.SentBytes);
    }

    private void Receive(ReceiptLine receipt)
    {
        if (receipt.IsStop)
        {
            throw CommandException.Failed($"The node takes no more: {receipt.Text("error")}");
        }

        if (receipt.IsIgnored)
        {
            report.Ignore(receipt);
        }
        else
        {
            report.Receive(receipt);
        }
    }

    private HttpRequestMessage MakeRequest(Stream input)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"v1/ingest/{format}")
        {
            Content = new FollowedContent(input, MediaType, report.Sent),
        };
        request.Headers.Accept.ParseAdd(MediaType);
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
}
