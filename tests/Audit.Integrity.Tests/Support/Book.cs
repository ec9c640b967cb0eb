using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;

namespace Audit.Integrity.Tests.Support;

/// <summary>A store with a node's data directory beside it, that tests write to, seal, tamper with and verify.</summary>
public abstract class Book : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    /// <summary>When the rows say that they were written.</summary>
    public static readonly DateTimeOffset WrittenAt = new(638_000_000_000_000_000, TimeSpan.Zero);

    private int calls;

    public abstract string Address { get; }

    public string Data => directory.Path;

    public string CheckpointPath => directory.File("log.checkpoint");

    public KeyFile Keys => new(directory.File("log.key"));

    public SealerOptions Options => new()
    {
        CheckpointFile = CheckpointPath,
        Origin = "example.com/log",
        Interval = TimeSpan.FromMilliseconds(1),
        Patience = TimeSpan.FromMilliseconds(20),
        ScrubPause = TimeSpan.FromMilliseconds(1),
        Failures = Failures,
    };

    /// <summary>What the sealers of this store reported.</summary>
    public FailureLog Failures { get; } = new(NullLogger.Instance, TimeProvider.System);

    /// <summary>What this book's entries are made with; a message that holds `no-mac` is unproven.</summary>
    public static EntryKeys Entries { get; } =
        new([.. Enumerable.Range(0, 32).Select(index => (byte)index)], (_, _, _, message) => message.IndexOf("no-mac"u8) < 0);

    public VerifyOptions Trust => new() { KeyFile = Keys.Path, CheckpointFile = CheckpointPath };

    /// <summary>What stands before the names of the log's tables.</summary>
    public abstract string LogSchema { get; }

    public string PathOf(string name) => directory.File(name);

    /// <summary>A connection to the journal that nothing is kept from.</summary>
    public abstract Task<DbConnection> ConnectToJournalAsync();

    public abstract Task<DbConnection> ConnectToLogAsync();

    /// <summary>Takes away what keeps the journal append-only.</summary>
    public abstract Task DropGuardAsync();

    /// <summary>Leaves out a position, as a rolled back transaction does.</summary>
    public abstract Task SkipPositionAsync();

    /// <summary>The SQL that inserts a row at a position of its own.</summary>
    public abstract string InsertSql { get; }

    public Task<IAuditStore> OpenAsync() => AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);

    /// <summary>Writes the first rows of so many new calls, each completed at once.</summary>
    public async Task AppendAsync(int count)
    {
        await using var store = await OpenAsync();
        await AppendAsync(store, count);
    }

    public async Task AppendAsync(IAuditStore store, int count)
    {
        var rows = Enumerable.Range(0, count).Select(_ => Next()).ToList();
        await store.Journal.AppendAsync(rows, new long[count], CancellationToken.None);
    }

    public async Task AppendAsync(params (string Stream, long Sequence, string Manifest, string Message)[] rows)
    {
        await using var store = await OpenAsync();
        var handles = rows.Select(row => row.Stream).Distinct().ToDictionary(id => id, id => new StreamHandle(new StreamKey(id)));
        RowToAppend[] appended =
        [
            .. rows.Select(row => new RowToAppend(
                handles[row.Stream], row.Sequence, row.Manifest, 638_000_000_000_000_000, Encoding.UTF8.GetBytes(row.Message))),
        ];
        var positions = new long[rows.Length];
        await store.Journal.AppendAsync(appended, positions, CancellationToken.None);
        Assert.DoesNotContain(0, positions);
    }

    /// <summary>Seals all there is, as a node that is started and stopped.</summary>
    public async Task SealAsync()
    {
        await using var store = await OpenAsync();
        await using var log = await OpenLogAsync(store);
        log.Sealer.Start();
        Assert.True(await SealedAsync(log, store), $"The log is {log.Sealer.Status}.");
    }

    /// <summary>Writes so many rows and seals them.</summary>
    public async Task SealAsync(int rows)
    {
        await AppendAsync(rows);
        await SealAsync();
    }

    public Task<TamperEvidentLog> OpenLogAsync(IAuditStore store) =>
        TamperEvidentLog.OpenAsync(Address, store.Journal, Keys, Entries, Options, CancellationToken.None);

    /// <summary>Starts a sealer and returns what it comes to.</summary>
    public async Task<SealerStatus> StatusAsync(Func<SealerStatus, bool> awaited)
    {
        await using var store = await OpenAsync();
        await using var log = await OpenLogAsync(store);
        log.Sealer.Start();
        return await Until(log.Sealer, awaited);
    }

    public Task<SealerStatus> HaltedAsync() => StatusAsync(status => status.IsHalted);

    public Task<VerificationResult> VerifyAsync() => VerifyAsync(Trust);

    public Task<VerificationResult> VerifyAsync(VerifyOptions options, DateTimeOffset? now = null) =>
        LogVerifier.VerifyStoreAsync(
            Address, options with { Entries = Entries, Now = now ?? WrittenAt }, null, CancellationToken.None);

    public async Task TamperAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await DropGuardAsync();
        await using var connection = await ConnectToJournalAsync();
        await RunAsync(connection, sql, parameters);
    }

    public async Task TamperLogAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using var connection = await ConnectToLogAsync();
        await RunAsync(connection, sql, parameters);
    }

    public async Task<T> AskAsync<T>(string sql) => await AskAsync<T>(await ConnectToJournalAsync(), sql);

    public async Task<T> AskLogAsync<T>(string sql) => await AskAsync<T>(await ConnectToLogAsync(), sql);

    public virtual ValueTask DisposeAsync()
    {
        directory.Dispose();
        return ValueTask.CompletedTask;
    }

    public static async Task<SealerStatus> Until(LogSealer sealer, Func<SealerStatus, bool> awaited)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!awaited(sealer.Status))
        {
            await Task.Delay(5, patience.Token);
        }

        return sealer.Status;
    }

    public static async Task<bool> SealedAsync(TamperEvidentLog log, IAuditStore store)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await log.Sealer.WaitForSealedAsync(await store.Journal.LastPositionAsync(patience.Token), patience.Token);
    }

    private RowToAppend Next()
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"call|ci|s-1|c-{Interlocked.Increment(ref calls)}");
        var message = Encoding.UTF8.GetBytes(
            """{"v":1,"event":"call.transitioned","source":"ci","token":"ci-7","session_id":"s-1","from":"none","to":"completed","seq":null,"record":{"outcome":"fine"}}""");
        return new RowToAppend(new StreamHandle(new StreamKey(id)), 1, "call.transitioned.v2", 638_000_000_000_000_000, message);
    }

    private static async Task<T> AskAsync<T>(DbConnection connection, string sql)
    {
        await using (connection)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            return (T)(await command.ExecuteScalarAsync())!;
        }
    }

    private static async Task RunAsync(DbConnection connection, string sql, (string Name, object Value)[] parameters)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        await command.ExecuteNonQueryAsync();
    }
}
