using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Hammer.Nodes;

/// <summary>A row of a host's message as it lies in the database.</summary>
internal sealed record StoredMessage(long Position, string Key, string Sha256);

/// <summary>The journal as the database has it, read past every part of the product.</summary>
internal sealed class StoredBook(string address)
{
    private const string Sql =
        "SELECT ordering, persistence_id, sequence_number, message FROM journal WHERE ordering > {0} ORDER BY ordering";

    private readonly Dictionary<string, StoredMessage> byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> lastOfStream = new(StringComparer.Ordinal);
    private long read;

    /// <summary>Keys that are there twice.</summary>
    public List<string> Doubled { get; } = [];

    public List<string> Wrong { get; } = [];

    public StoredMessage? Find(string key) => byKey.GetValueOrDefault(key);

    /// <summary>Reads what was written since it last was.</summary>
    public async Task ReadOnAsync()
    {
        await using var connection = Connect();
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = string.Format(Sql, read);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            Take(rows.GetInt64(0), rows.GetString(1), rows.GetInt64(2), (byte[])rows.GetValue(3));
        }
    }

    /// <summary>Begins anew, from the first row.</summary>
    public void Forget()
    {
        byKey.Clear();
        lastOfStream.Clear();
        Doubled.Clear();
        Wrong.Clear();
        read = 0;
    }

    private DbConnection Connect()
    {
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? new SqliteConnection($"Data Source={store.Place};Mode=ReadOnly;Pooling=False")
            : new NpgsqlConnection(new NpgsqlConnectionStringBuilder(store.Place) { Pooling = false }.ConnectionString);
    }

    private void Take(long position, string stream, long sequence, byte[] message)
    {
        read = position;
        var last = lastOfStream.GetValueOrDefault(stream);
        if (sequence != last + 1)
        {
            Wrong.Add($"{stream} goes from {last} to {sequence} at {position}");
        }

        lastOfStream[stream] = sequence;
        using var json = JsonDocument.Parse(message);
        if (!stream.StartsWith("call|", StringComparison.Ordinal)
            || !json.RootElement.TryGetProperty("message_id", out var id))
        {
            return;
        }

        var parts = stream.Split('|', 4);
        var key = $"{parts[2]}|{parts[3]}|{id.GetString()}";
        if (!byKey.TryAdd(key, new StoredMessage(position, key, Convert.ToHexStringLower(SHA256.HashData(message)))))
        {
            Doubled.Add($"{key} is at {byKey[key].Position} and at {position}");
        }
    }
}
