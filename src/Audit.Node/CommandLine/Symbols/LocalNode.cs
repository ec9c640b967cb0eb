using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Audit.Node.CommandLine.Symbols;

/// <summary>The node that runs on a data directory, as it wrote it down in `node.json` there.</summary>
internal static class LocalNode
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>Null when none runs there: a node that was killed leaves its file behind.</returns>
    public static async Task<Uri?> FindAsync(string data, CancellationToken cancellation) =>
        ReadNote(data) is { } url && await AnswersAsync(url, cancellation) ? url : null;

    private static Uri? ReadNote(string data)
    {
        try
        {
            var note = JsonSerializer.Deserialize<Note>(
                File.ReadAllBytes(Path.Combine(data, "node.json")), JsonSerializerOptions.Web);
            return note is { Urls.Length: > 0 } && IsAlive(note.Pid)
                ? note.Urls.Select(Reachable).MinBy(url => url.Scheme == Uri.UriSchemeHttp ? 0 : 1)
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException
            or FormatException)
        {
            return null;
        }
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    // A node that listens everywhere is not to be called at "everywhere", but at home.
    private static Uri Reachable(string url)
    {
        var address = BindingAddress.Parse(url);
        return address.Host is "*" or "+" or "0.0.0.0" or "[::]"
            ? new UriBuilder(address.Scheme, "127.0.0.1", address.Port).Uri
            : new Uri(url);
    }

    // Another process may have the number that a killed node had: nothing secret is sent before this.
    private static async Task<bool> AnswersAsync(Uri url, CancellationToken cancellation)
    {
        using var client = new NodeClient(url, token: null);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using var answer = await client.RequireAsync(HttpMethod.Get, "health/live", patience.Token);
            return true;
        }
        catch (Exception failure) when (failure is NodeException
            || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    private sealed record Note(int Pid, string[] Urls);
}
