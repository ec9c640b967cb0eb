using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Audit.Node.CommandLine.Remote;

namespace Audit.Node.CommandLine.Reading;

/// <summary>
/// The live journal of a node. A connection that breaks is made again and goes on behind the last event that was seen, so
/// that a restart of the node neither loses nor repeats one.
/// </summary>
internal sealed class ServerSentEvents(NodeClient client, string path)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private long? last;

    public async IAsyncEnumerable<JsonElement> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var pause = TimeSpan.FromMilliseconds(100);
        while (!cancellation.IsCancellationRequested)
        {
            using var response = await ConnectAsync(cancellation);
            if (response is not null)
            {
                using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
                while (await NextAsync(lines, cancellation) is { } happened)
                {
                    pause = TimeSpan.FromMilliseconds(100);
                    yield return happened;
                }
            }

            await Task.Delay(pause, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <returns>Null when the node cannot be reached now, though it was before.</returns>
    private async Task<HttpResponseMessage?> ConnectAsync(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (last is { } seen)
        {
            request.Headers.Add("Last-Event-ID", seen.ToString(CultureInfo.InvariantCulture));
        }

        try
        {
            var response = await client.RequireAsync(request, cancellation);
            last ??= StartOf(response);
            return response;
        }
        catch (CommandException lost) when (last is not null && lost.ExitCode == ExitCode.CannotReachNode)
        {
            return null;
        }
    }

    /// <summary>Where the node began, which is where a connection that broke before its first event goes on.</summary>
    private static long? StartOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Audit-Position", out var values)
        && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : null;

    /// <returns>Null when the connection ended.</returns>
    private async Task<JsonElement?> NextAsync(StreamReader lines, CancellationToken cancellation)
    {
        long? id = null;
        JsonElement? data = null;
        try
        {
            while (await lines.ReadLineAsync(cancellation) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                {
                    id = long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);
                }
                else if (line.StartsWith("data: ", StringComparison.Ordinal))
                {
                    data = JsonElement.Parse(line.AsSpan(6));
                }
                else if (line.Length == 0 && data is not null)
                {
                    last = id ?? last;
                    return data;
                }
            }

            return null;
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
