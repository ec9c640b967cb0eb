using System.Buffers;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;
using Audit.Node.Configuration;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>Tokens by way of the store itself, for whoever may open it while no node runs. What is done is written down all the same.</summary>
internal sealed class StoreTokenDesk : ITokenDesk
{
    private readonly NodeOptions options;
    private readonly IAuditStore store;
    private readonly LocalEngine engine;
    private readonly TokenBook book;
    private readonly TextWriter notes;

    private StoreTokenDesk(NodeOptions options, IAuditStore store, LocalEngine engine, TextWriter notes)
    {
        this.options = options;
        this.store = store;
        this.engine = engine;
        this.notes = notes;
        book = new TokenBook(store.Tokens, new OperatorActs(engine, TimeProvider.System), TimeProvider.System);
    }

    // There is no token whose name could be taken: whoever may open the store acts as the system knows them.
    private static string Actor => $"{Environment.UserName}@{Environment.MachineName}";

    /// <exception cref="StoreException">The store cannot be opened; a running node may have it.</exception>
    public static async Task<ITokenDesk> OpenAsync(NodeOptions options, TextWriter notes, CancellationToken cancellation)
    {
        var store = await AuditStore.OpenAsync(options.Store, cancellation);
        try
        {
            var hasher = await NodeHost.HasherAsync(store, cancellation);
            var engine = new LocalEngine(store.Journal, hasher, new EngineOptions { Shards = 1 }, TimeProvider.System);
            return new StoreTokenDesk(options, store, engine, notes);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation)
    {
        // Otherwise this token would be the store's first, and no administrator would ever get one.
        var data = DataDirectory.Open(options.Data);
        if (await FirstToken.EnsureAsync(store.Tokens, data, TimeProvider.System, cancellation))
        {
            notes.WriteLine($"The store is new; the token of its administrator is in {data.TokenFile}.");
        }

        return await book.CreateAsync(wanted, Actor, cancellation)
            ?? throw CommandException.Failed(TokenBook.TakenSentence(wanted.Name));
    }

    public async Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellation)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var row in await store.Tokens.ListAsync(cancellation))
            {
                TokenJson.Write(json, row);
            }

            json.WriteEndArray();
        }
        return [.. JsonDocument.Parse(buffer.WrittenMemory).RootElement.EnumerateArray()];
    }

    public async Task RevokeAsync(string name, CancellationToken cancellation)
    {
        if (!await book.RevokeAsync(name, Actor, cancellation))
        {
            throw CommandException.Failed(TokenBook.UnknownSentence(name));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        await store.DisposeAsync();
    }
}
