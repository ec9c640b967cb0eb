using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;

namespace Audit.Node.CommandLine.Reading;

/// <summary>
/// The live journal of a node. A connection that breaks is made again and goes on behind the last event that was seen,
/// so that a restart of the node neither loses nor repeats one.
/// </summary>
internal sealed class LiveEvents(NodeClient client, string path)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private string? last;

    /// <exception cref="NodeException">The node cannot be reached at first, or refused.</exception>
    public async IAsyncEnumerable<Answer<EventAnswer>> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var read = client.ReadAs(WireJson.Default.EventAnswer);
        var pause = ShortestPause;
        while (!cancellation.IsCancellationRequested)
        {
            using var response = await ConnectAsync(cancellation);
            if (response is not null)
            {
                await using var body = await response.Content.ReadAsStreamAsync(cancellation);
                var events = SseParser.Create(
                    body, static (_, data) => JsonSerializer.Deserialize(data, WireJson.Default.JsonElement));
                await using var reader = events.EnumerateAsync(cancellation).GetAsyncEnumerator(cancellation);
                // Who is let in no more is refused when it comes again.
                while (await MovesOnAsync(reader, cancellation) && reader.Current.EventType != "ended")
                {
                    pause = ShortestPause;
                    last = events.LastEventId is { Length: > 0 } id ? id : last;
                    yield return new Answer<EventAnswer>(reader.Current.Data, read);
                }
            }

            await Task.Delay(pause, cancellation);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <returns>False when the connection ended.</returns>
    private static async Task<bool> MovesOnAsync(
        IAsyncEnumerator<SseItem<JsonElement>> events, CancellationToken cancellation)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception broken) when (
            broken is IOException or HttpRequestException && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <returns>Null when the node cannot be reached now, though it was before.</returns>
    private async Task<HttpResponseMessage?> ConnectAsync(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (last is not null)
        {
            request.Headers.Add("Last-Event-ID", last);
        }

        try
        {
            var response = await client.RequireAsync(request, cancellation);
            last ??= StartOf(response);
            return response;
        }
        catch (NodeException lost) when (last is not null && lost.Trouble == NodeTrouble.Unreachable)
        {
            return null;
        }
    }

    /// <summary>Where the node began, which is where a connection that broke before its first event goes on.</summary>
    private static string? StartOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Audit-Position", out var values)
        && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position.ToString(CultureInfo.InvariantCulture)
            : null;
}
