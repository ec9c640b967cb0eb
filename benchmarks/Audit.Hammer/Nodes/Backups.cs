using System.Text.RegularExpressions;
using Npgsql;

namespace Audit.Hammer.Nodes;

/// <summary>
/// A backup while hosts send, one that goes on with those of the rounds before; it is put back elsewhere, and held to
/// everything that was acknowledged up to where it ends.
/// </summary>
internal static partial class Backups
{
    public static async Task StrikeAsync(Strike strike)
    {
        var (arena, data) = (strike.Arena, strike.Arena.Nodes[0].Data);
        var (rows, keys) = (arena.FileOf("backup"), arena.FileOf("backup-keys"));
        strike.Note();
        var (code, printed) = await arena.RunAsync("backup", "--data", data, "--to", rows, "--keys-to", keys);
        if (code != 0 || Position().Match(printed) is not { Success: true } said)
        {
            strike.Ledger.Fail($"audit backup ended with {code}: {printed}");
            return;
        }

        strike.Note();
        // What follows is looked at in peace: what hosts go on to say is none of it.
        strike.Crowd.Drain();
        var position = long.Parse(said.Groups[1].Value);
        var place = arena.FileOf($"restored-{strike.Chance.Draw():x}");
        var (store, drop) = await MakeAsync(arena, place);
        try
        {
            string[] there = ["--data", place, "--row-key", Path.Combine(data, "row.key"), "--store", store];
            await RequireAsync(
                strike, ["restore", "--from", rows, "--keys-from", keys, "--reason", "a drill", .. there]);
            await RequireAsync(strike, ["verify", .. there]);
            var book = new StoredBook(store);
            await book.ReadOnAsync();
            foreach (var (key, promise) in strike.Ledger.Now().Where(one => one.Promise.Position <= position))
            {
                if (book.Find(key) is not { } row || row.Position != promise.Position
                    || (promise.Sha256 is { } hash && hash != row.Sha256))
                {
                    strike.Ledger.Fail($"{key}, acknowledged at {promise.Position}, is not in the backup up to {position}");
                }
            }
        }
        finally
        {
            await drop();
        }
    }

    private static async Task RequireAsync(Strike strike, string[] arguments)
    {
        if (await strike.Arena.RunAsync(arguments) is not (0, _) and var (code, printed))
        {
            strike.Ledger.Fail($"audit {arguments[0]} ended with {code}: {printed}");
        }
    }

    private static async Task<(string Store, Func<Task> Drop)> MakeAsync(Arena arena, string place)
    {
        if (arena.Cluster is not { } cluster)
        {
            return ($"sqlite:{place}/journal.db", () =>
            {
                Directory.Delete(place, recursive: true);
                return Task.CompletedTask;
            });
        }

        var name = Path.GetFileName(place).Replace('-', '_');
        await PostgresServer.ExecuteAsync(cluster.ConnectionString, $"CREATE DATABASE {name}");
        var address = new NpgsqlConnectionStringBuilder(cluster.ConnectionString) { Database = name };
        return ("postgres:" + address.ConnectionString, async () =>
        {
            await PostgresServer.ExecuteAsync(cluster.ConnectionString, $"DROP DATABASE {name} WITH (FORCE)");
            Directory.Delete(place, recursive: true);
        });
    }

    [GeneratedRegex(@"up to position (\d+)")]
    private static partial Regex Position();
}
