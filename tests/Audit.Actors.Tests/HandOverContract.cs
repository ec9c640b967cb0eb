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
    public Task what_the_local_engine_began_the_cluster_ends() => RecordAsync(step => step >= 2);

    [ContractFact]
    public Task what_the_cluster_began_the_local_engine_ends() => RecordAsync(step => step < 2);

    [ContractFact]
    public Task the_engines_may_take_turns_and_nothing_is_dropped() => RecordAsync(step => step % 2 == 1);

    [ContractFact]
    public async Task writers_a_b_a_of_one_stream_are_all_read()
    {
        await using var store = await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
        await using var local = new LocalEngine(store.Journal, store.Seal, new EngineOptions(), TimeProvider.System);
        await using var cluster = await QuickCluster.StartAsync(Address, store, new EngineOptions());
        for (var round = 0; round < 6; round++)
        {
            var receipt = await SubmitAsync(
                round % 2 == 0 ? local : cluster, new Outcome.RequiresConfirmation($"{round}", null), round);
            Assert.Equal((ReceiptStatus.Recorded, round + 1L), (receipt.Status, receipt.Sequence));
        }

        await using var fresh = await QuickCluster.StartAsync(Address, store, new EngineOptions());
        for (var round = 0; round < 6; round++)
        {
            var again = await SubmitAsync(fresh, new Outcome.RequiresConfirmation($"{round}", null), round);
            Assert.Equal((ReceiptStatus.Duplicate, round + 1L), (again.Status, again.Sequence));
        }

        var rows = await store.Opened.ReadStreamAsync(new StreamKey("call|ci|s|c"), 0, 100, CancellationToken.None);
        Assert.Equal(2, rows.Select(row => row.WriterUuid).Distinct().Count());
        Assert.Equal(6, rows.Count);
    }

    [ContractFact]
    public async Task the_rows_of_both_are_alike()
    {
        await using var store = await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
        await using (var local = new LocalEngine(store.Journal, store.Seal, new EngineOptions(), TimeProvider.System))
        {
            await SubmitAsync(local, EngineContract.Asked, 1, "by local");
        }

        await using (var cluster = await QuickCluster.StartAsync(Address, store, new EngineOptions()))
        {
            await SubmitAsync(cluster, EngineContract.Asked, 1, "by cluster");
        }

        var rows = await store.Opened.ReadAfterAsync(0, 10, long.MaxValue, CancellationToken.None);
        Assert.Equal(2, rows.Count);
        Assert.Equal([Facts(rows[0]), Facts(rows[0])], rows.Select(Facts));
        Assert.All(rows, row => Assert.InRange(row.CreatedTicks, DateTime.UtcNow.AddHours(-1).Ticks, DateTime.UtcNow.AddHours(1).Ticks));

        // The call's id stands in the stream's name, in the head and in the record.
        static string Facts(JournalRow row) =>
            $"{row.Sequence} {row.Manifest} {row.Identifier} {row.Deleted} {row.WriterUuid is null} "
            + $"{EventReader.ReadCall(row).GetType()} {row.Message.Length - (2 * row.PersistenceId.Length)}";
    }

    private async Task RecordAsync(Func<int, bool> isOnCluster)
    {
        await using var store = await AuditStore.OpenAsync(Address, TestKeys.Given, CancellationToken.None);
        for (var step = 0; step < Story.Length; step++)
        {
            await using var engine = isOnCluster(step)
                ? await QuickCluster.StartAsync(Address, store, new EngineOptions())
                : new LocalEngine(store.Journal, store.Seal, new EngineOptions(), TimeProvider.System);
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
