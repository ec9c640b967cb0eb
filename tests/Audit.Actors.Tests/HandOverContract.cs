namespace Audit.Actors.Tests;

/// <summary>A store goes from one engine to the other and back.</summary>
public abstract class HandOverContract : IAsyncLifetime
{
    private static readonly Outcome[] Story =
        [new Outcome.Requested(), EngineContract.Asked, new Outcome.Approved("approve-once"), new Outcome.Started(), Sent.Completed()];

    protected string Address { get; private set; } = "";

    protected abstract Task<string> MakeStoreAsync();

    public async Task InitializeAsync() => Address = await MakeStoreAsync();

    public virtual Task DisposeAsync() => Task.CompletedTask;

    [ContractFact]
    public Task what_the_local_engine_began_the_cluster_ends() => RecordAsync(step => step >= 2 ? Cluster : Local);

    [ContractFact]
    public Task what_the_cluster_began_the_local_engine_ends() => RecordAsync(step => step < 2 ? Cluster : Local);

    [ContractFact]
    public Task the_engines_may_take_turns_and_nothing_is_dropped() => RecordAsync(step => step % 2 == 1 ? Cluster : Local);

    [ContractFact]
    public Task the_journals_of_the_cluster_may_take_turns_on_one_book() =>
        RecordAsync(step => step % 2 == 1 ? OnSqlPlugin : Cluster);

    [ContractFact]
    public async Task writers_of_one_stream_that_take_turns_are_all_read()
    {
        await using var store = await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
        IAuditEngine[] engines = [await Local(store), await Cluster(store), await OnSqlPlugin(store)];
        for (var round = 0; round < 6; round++)
        {
            var receipt = await SubmitAsync(engines[round % 3], new Outcome.RequiresConfirmation($"{round}", null), round);
            Assert.Equal((ReceiptStatus.Recorded, round + 1L), (receipt.Status, receipt.Sequence));
        }

        await using var fresh = await Cluster(store);
        for (var round = 0; round < 6; round++)
        {
            var again = await SubmitAsync(fresh, new Outcome.RequiresConfirmation($"{round}", null), round);
            Assert.Equal((ReceiptStatus.Duplicate, round + 1L), (again.Status, again.Sequence));
        }

        Assert.Equal(6, (await store.Opened.ReadStreamAsync(new StreamKey("call|ci|s|c"), 0, 100, CancellationToken.None)).Count);
        foreach (var engine in engines)
        {
            await engine.DisposeAsync();
        }
    }

    [ContractFact]
    public async Task the_rows_of_all_are_alike()
    {
        await using var store = await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
        foreach (var (start, call) in new (Func<IAuditStore, Task<IAuditEngine>>, string)[] { (Local, "by local"), (Cluster, "by cluster"), (OnSqlPlugin, "by plugin") })
        {
            await using var engine = await start(store);
            await SubmitAsync(engine, EngineContract.Asked, 1, call);
        }

        var rows = await store.Opened.ReadAfterAsync(0, 10, long.MaxValue, CancellationToken.None);
        Assert.Equal(3, rows.Count);
        Assert.Equal(Enumerable.Repeat(Facts(rows[0]), 3), rows.Select(Facts));
        Assert.All(rows, row => Assert.InRange(row.CreatedTicks, DateTime.UtcNow.AddHours(-1).Ticks, DateTime.UtcNow.AddHours(1).Ticks));
        Assert.All(
            await store.Journal.ReadAfterAsync(0, 10, long.MaxValue, CancellationToken.None),
            row => Assert.True(store.Seal.Proof.Proves(row)));

        // The call's id stands in the stream's name, in the head and in the record.
        static string Facts(JournalRow row) =>
            $"{row.Sequence} {row.Manifest} {row.Identifier} {row.Deleted} {row.WriterUuid is null} "
            + $"{EventReader.ReadCall(row).GetType()} {row.Message.Length - (2 * row.PersistenceId.Length)}";
    }

    private static Task<IAuditEngine> Local(IAuditStore store) => Task.FromResult<IAuditEngine>(
        new LocalEngine(store.Journal, store.Seal, new EngineOptions(), TimeProvider.System));

    private Task<IAuditEngine> Cluster(IAuditStore store) =>
        QuickCluster.StartAsync(Address, store, new EngineOptions());

    private Task<IAuditEngine> OnSqlPlugin(IAuditStore store) =>
        QuickCluster.StartAsync(Address, store, new EngineOptions(), QuickCluster.OnSqlPlugin);

    private async Task RecordAsync(Func<int, Func<IAuditStore, Task<IAuditEngine>>> engineOf)
    {
        await using var store = await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
        for (var step = 0; step < Story.Length; step++)
        {
            await using var engine = await engineOf(step)(store);
            var receipt = await SubmitAsync(engine, Story[step], step);
            Assert.Equal((ReceiptStatus.Recorded, step + 1L), (receipt.Status, receipt.Sequence));
            var again = await SubmitAsync(engine, Story[0], 0);
            Assert.Equal((ReceiptStatus.Duplicate, 1L), (again.Status, again.Sequence));
        }

        var rows = await store.Opened.ReadStreamAsync(new StreamKey("call|ci|s|c"), 0, 100, CancellationToken.None);
        Assert.Equal(
            ["requested", "awaiting_confirmation", "approved", "running", "completed"],
            rows.Select(row => Words.Of(((CallEvent.Received)EventReader.ReadCall(row)).Verdict.To)));
    }

    private static async Task<Receipt> SubmitAsync(IAuditEngine engine, Outcome outcome, int second, string call = "c") =>
        Assert.Single(await engine.SubmitAsync([Sent.Call("s", call, outcome, second)], CancellationToken.None)
            .WaitAsync(TimeSpan.FromMinutes(1)));
}
