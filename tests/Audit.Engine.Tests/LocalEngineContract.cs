using Microsoft.Extensions.Logging.Abstractions;

namespace Audit.Engine.Tests;

/// <summary>The contract on the local engine, and what that engine promises beyond it.</summary>
public abstract class LocalEngineContract : EngineContract
{
    protected override Task<IAuditEngine> StartAsync(EngineOptions options, Func<Fault> nextWrite) =>
        Task.FromResult<IAuditEngine>(new LocalEngine(
            new FaultyJournal(Store.Journal, nextWrite), Store.Seal, options, TimeProvider.System));

    [ContractFact]
    public async Task the_journal_tells_a_session_in_the_order_in_which_it_was_submitted()
    {
        var engine = await OpenEngineAsync();
        var receipts = await Submit(engine, [.. Enumerable.Range(0, 300).Select(number =>
            Sent.Call("s", $"c{number % 7}", new Outcome.RequiresConfirmation($"{number}", null), number))]);

        Assert.Equal(receipts.Select(receipt => receipt.Position).Order(), receipts.Select(receipt => receipt.Position));
    }

    [ContractFact]
    public async Task a_write_that_failed_is_reported()
    {
        var failures = new FailureLog(NullLogger.Instance, TimeProvider.System);
        var next = Fault.BeforeWriting;
        var engine = await OpenEngineAsync(new EngineOptions { Failures = failures }, () => next);
        await Submit(engine, Sent.Call("s", "c", EngineContract.Asked, 1));
        Assert.Equal(1, failures.Counts["engine commit"]);

        next = Fault.None;
        await Submit(engine, Sent.Call("s", "c", EngineContract.Asked, 1));
        Assert.Equal(1, Assert.Single(failures.Counts).Value);
    }
}
