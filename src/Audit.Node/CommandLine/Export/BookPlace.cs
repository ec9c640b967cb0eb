using Audit.Node.CommandLine.Remote;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Export;

/// <summary>
/// Where the book is that is to be exported: the node that was named, or the one that runs on the data directory, or the store where
/// none runs.
/// </summary>
internal sealed class BookPlace(NodeLocator locator, NodeOptions options, bool namesStore)
{
    private const string Sqlite = "sqlite:";
    private const int PieceLength = 64 << 10;

    public async Task ExportAsync(ExportRequest request, string query, BookOutput output, CancellationToken cancellation)
    {
        using var client = namesStore ? null : await locator.TryFindAsync(cancellation);
        await (client is null
            ? FromStoreAsync(request, output, cancellation)
            : FromNodeAsync(client, query, output, cancellation));
    }

    private async Task FromStoreAsync(ExportRequest request, BookOutput output, CancellationToken cancellation)
    {
        if (options.Store.StartsWith(Sqlite, StringComparison.Ordinal) && !File.Exists(options.Store[Sqlite.Length..]))
        {
            throw CommandException.WrongUse($"There is no store {options.Store}.");
        }

        await using var store = await AuditStore.OpenAsync(options.Store, cancellation);
        // Whoever can open the store can read all of it.
        var reader = new Bearer("store", Roles.Admin, Agent: null, Task: null);
        await new JournalExport(store.Journal, request, reader).RunAsync(
            piece =>
            {
                output.Write(piece.Span);
                return ValueTask.CompletedTask;
            },
            output.Passed, cancellation);
    }

    private static async Task FromNodeAsync(NodeClient client, string query, BookOutput output, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v1/export{query}");
        using var answer = await client.RequireAsync(request, cancellation);
        var last = answer.Headers.TryGetValues(ExportEndpoint.LastPosition, out var told) && long.TryParse(told.First(), out var position)
            ? position
            : 0;
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            var piece = new byte[PieceLength];
            while (await body.ReadAsync(piece, cancellation) is > 0 and var read)
            {
                output.Write(piece.AsSpan(0, read));
                if (LinePosition.Of(piece.AsSpan(0, read)) is { } passed)
                {
                    output.Passed(passed, last);
                }
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            throw CommandException.Failed($"{client.Server} broke off while it gave its book: {failure.Message}");
        }
    }
}
