using System.Buffers;
using System.Diagnostics;

namespace Audit.Projections.Tests;

/// <summary>A journal with an engine before it and read models behind it, on one of the stores.</summary>
public abstract class ReadSideContract : IAsyncLifetime
{
    internal static readonly PageRequest FirstPage = new(10);

    protected static readonly PageRequest All = new(PageRequest.MostItems);

    private readonly List<IAsyncDisposable> opened = [];

    protected string Address { get; private set; } = "";

    protected IAuditStore Store { get; private set; } = null!;

    protected IAuditEngine Engine { get; private set; } = null!;

    protected IJournal Journal => Store.Opened;

    protected FailureLog Failures { get; } =
        new(Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeProvider.System);

    protected static CancellationToken None => CancellationToken.None;

    protected abstract Task<string> PrepareAsync();

    protected abstract Task RemoveAsync();

    public async Task InitializeAsync()
    {
        Address = await PrepareAsync();
        Store = await AuditStore.OpenAsync(Address, TestKeys.Given, None);
        Engine = new LocalEngine(Store.Journal, Store.Seal, new EngineOptions(), TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        foreach (var one in Enumerable.Reverse(opened))
        {
            await one.DisposeAsync();
        }

        await Engine.DisposeAsync();
        await Store.DisposeAsync();
        await RemoveAsync();
    }

    /// <summary>Opens the read models as a node does.</summary>
    protected async Task<ReadSide> OpenAsync(
        IJournal? journal = null, FeedLimits? limits = null, TimeProvider? clock = null)
    {
        var options = new ReadSideOptions
        {
            Limits = limits ?? new FeedLimits { Patience = TimeSpan.FromMilliseconds(200) },
            Failures = Failures,
            Clock = clock ?? TimeProvider.System,
        };
        var side = await ReadSide.OpenAsync(Address, journal ?? Journal, options, None);
        opened.Add(side);
        return side;
    }

    protected async Task CloseAsync(ReadSide side)
    {
        opened.Remove(side);
        await side.DisposeAsync();
    }

    /// <summary>Submits items one after the other, so that the journal has them in this order.</summary>
    protected async Task RecordAsync(params Submission[] items)
    {
        foreach (var item in items)
        {
            var receipt = Assert.Single(await Engine.SubmitAsync([item], None));
            Assert.True(receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Violation or ReceiptStatus.Duplicate, receipt.Error);
        }
    }

    /// <summary>The read models once they have all that was recorded.</summary>
    protected async Task<ReadModels> CaughtUpAsync(ReadSide side)
    {
        await side.WaitForAsync(await Journal.LastPositionAsync(None), None).WaitAsync(TimeSpan.FromMinutes(1));
        return side.Models;
    }

    protected async Task<ReadModels> ReadAsync(params Submission[] items)
    {
        await RecordAsync(items);
        return await CaughtUpAsync(await OpenAsync());
    }

    protected static async Task UntilAsync(Func<bool> reached)
    {
        // Only a failure lasts so long.
        for (var clock = Stopwatch.StartNew(); !reached();)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), "It never came to be so.");
            await Task.Delay(10);
        }
    }

    /// <summary>A row of the journal that no engine wrote.</summary>
    /// <summary>Writes a row as a node of the store would, whatever its message says.</summary>
    protected Task AppendAsync(string stream, long sequence, string manifest, string message)
    {
        var (key, proven) = (new StreamKey(stream), new ArrayBufferWriter<byte>());
        proven.Write(System.Text.Encoding.UTF8.GetBytes(message.TrimEnd('}')));
        Store.Seal.Proof.End(proven, key, sequence, manifest);
        return Journal.AppendAsync(
            [new RowToAppend(new StreamHandle(key), sequence, manifest, DateTime.UtcNow.Ticks, proven.WrittenMemory)],
            new long[1],
            None);
    }
}
