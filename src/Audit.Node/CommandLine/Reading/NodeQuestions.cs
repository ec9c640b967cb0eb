using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Audit.Node.CommandLine.Remote;

namespace Audit.Node.CommandLine.Reading;

/// <summary>Puts the questions of the reading verbs to a node.</summary>
internal sealed class NodeQuestions(NodeClient client) : IDisposable
{
    private const int MostInPage = 1000;

    public NodeClient Client { get; } = client;

    public async Task<JsonElement> AskAsync(string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var answer = await Client.RequireAsync(request, cancellation);
        try
        {
            using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            using var read = await JsonDocument.ParseAsync(body, default, cancellation);
            return read.RootElement.Clone();
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException or IOException)
        {
            throw CommandException.Failed($"The answer of {Client.Server} cannot be read: {failure.Message}");
        }
    }

    /// <summary>The items of a list, page by page, at most so many.</summary>
    public async IAsyncEnumerable<JsonElement> ListAsync(
        string path, int most, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? cursor = null;
        var left = most;
        do
        {
            var page = await AskAsync(Paged(path, Math.Min(left, MostInPage), cursor), cancellation);
            foreach (var item in page.GetProperty("items").EnumerateArray())
            {
                yield return item;
                left--;
            }

            cursor = page.GetProperty("next").GetString();
        }
        while (cursor is not null && left > 0);
    }

    public void Dispose() => Client.Dispose();

    private static string Paged(string path, int limit, string? cursor)
    {
        var joint = path.Contains('?') ? '&' : '?';
        var page = string.Create(CultureInfo.InvariantCulture, $"{path}{joint}limit={limit}");
        return cursor is null ? page : $"{page}&cursor={Uri.EscapeDataString(cursor)}";
    }
}
