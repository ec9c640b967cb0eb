using System.Data.Common;
using System.Diagnostics;
using Audit.Hammer.Scenarios;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Nodes;

/// <summary>
/// Started nodes under load, to which something is done in every round. A round counts when hosts had at least two
/// hundred receipts in it, and at least one message without an answer at the moment it was done.
/// </summary>
internal sealed class NodeScenario(
    string name, string store, ArenaNeeds needs, Func<Strike, Task> strike) : IScenario
{
    private readonly string kind = name;
    private readonly ArenaNeeds needs = needs;
    private readonly Func<Strike, Task> strike = strike;

    private const int LeastAcknowledged = 200;
    private const int MostNamed = 10;

    public string Name => $"{kind}-{store}";

    public string Store => store;

    /// <summary>How long a host waits for an answer.</summary>
    public TimeSpan HostPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long all may take that takes a moment where nothing is wrong; what never comes is seen only after it. Who
    /// has a hundredth of a core, as nodes of low priority have on a crowded machine, needs minutes for a moment.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(8);

    /// <summary>Whether the product's own verification is to find nothing in the end.</summary>
    public bool IsVerified { get; init; } = true;

    /// <summary>All of some that want the same nodes, on the same ones, a round of each after the other.</summary>
    public static NodeScenario InTurn(IReadOnlyList<NodeScenario> all)
    {
        var next = 0;
        return new NodeScenario(
            string.Join('+', all.Select(one => one.kind)), all[0].Store, all[0].needs, async done =>
            {
                await all[next % all.Count].strike(done);
                // One that found nobody waiting is tried again.
                next += done.Unanswered > 0 ? 1 : 0;
            })
        {
            HostPatience = all[0].HostPatience,
            IsVerified = all[0].IsVerified,
        };
    }

    /// <summary>Why it cannot be run here; null where it can.</summary>
    public string? Unavailable =>
        (store == "postgres" ? PostgresServer.Unavailable : null)
        ?? (needs.DiskMegabytes > 0 ? SmallDisk.Unavailable : null)
        ?? (needs.Namespaces ? NetworkNamespace.Unavailable : null);

    public async Task<ScenarioResult> RunAsync(HammerRun run)
    {
        await using var arena = await Arena.StartAsync(store, needs);
        using var ledger = new Ledger(arena.FileOf("ledger"));
        var book = new StoredBook(arena.Store);
        var chance = new Chance(run.Seed);
        var (rounds, lost) = (0, 0);
        var clock = Stopwatch.StartNew();
        await using (var crowd = new HostCrowd(
            $"{run.Seed:x}", () => arena.Urls, arena.Token, ledger, run.Seed, HostPatience))
        {
            for (var tries = 0L; IsToGoOn(rounds, tries) && !run.Until() && IsWell(); tries++)
            {
                try
                {
                    if (await PlayAsync(arena, crowd, ledger, book, chance))
                    {
                        // Who is ended before the end has shown this much.
                        lost += ledger.Fresh().Count(IsLost);
                        run.Keep(new ScenarioResult(
                            Name, run.Seed, ++rounds, ledger.Acknowledged, lost, book.Doubled.Count,
                            ledger.Findings.Count + book.Wrong.Count));
                    }
                }
                catch (InvalidOperationException failure)
                {
                    ledger.Fail($"what was ended does not start: {failure.Message}");
                }
            }
        }

        var result = await ConcludeAsync(run, arena, ledger, book, rounds);
        run.Print($"{Name}: {rounds} rounds, {clock.Elapsed.TotalSeconds / Math.Max(rounds, 1):0.0} s each");
        return result;

        bool IsLost((string Key, Promise Promise) one) =>
            book.Find(one.Key) is not { } row || row.Position != one.Promise.Position;

        bool IsWell() => lost + ledger.Findings.Count + book.Doubled.Count + book.Wrong.Count == 0;

        // A strike that never finds anybody waiting for an answer is one that shows nothing.
        bool IsToGoOn(int counted, long tried) => counted < run.Rounds && tried < 10 + (5L * run.Rounds);
    }

    /// <returns>Whether the round counts.</returns>
    private async Task<bool> PlayAsync(
        Arena arena, HostCrowd crowd, Ledger ledger, StoredBook book, Chance chance)
    {
        var before = ledger.Acknowledged;
        crowd.Begin();
        var wanted = before + chance.Next(LeastAcknowledged, 2 * LeastAcknowledged);
        if (!await UntilAsync(() => ledger.Acknowledged >= wanted || ledger.Findings.Count > 0))
        {
            ledger.Fail($"nodes that nothing was done to acknowledged {ledger.Acknowledged - before} messages only");
            return false;
        }

        // Some of the next commit, at no particular moment of it.
        await Task.Delay(chance.Milliseconds(0, 20));
        var done = new Strike(arena, crowd, ledger, chance);
        await strike(done);
        crowd.Drain();
        if (!await UntilAsync(() => crowd.IsDrained || ledger.Findings.Count > 0))
        {
            ledger.Fail("a host waits for its receipt though all is well again");
            return false;
        }

        ledger.Flush();
        await book.ReadOnAsync();
        return done.Unanswered > 0;
    }

    private Task<bool> UntilAsync(Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo()));

    private async Task<bool> UntilAsync(Func<Task<bool>> isSo)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience; await Task.Delay(2))
        {
            if (await isSo())
            {
                return true;
            }
        }

        return await isSo();
    }

    /// <summary>Holds the whole store to the whole ledger, both read from the disk.</summary>
    private async Task<ScenarioResult> ConcludeAsync(
        HammerRun run, Arena arena, Ledger ledger, StoredBook book, int rounds)
    {
        var findings = ledger.Findings.Select(finding => "wrong: " + finding).ToList();
        book.Forget();
        try
        {
            await book.ReadOnAsync();
        }
        catch (DbException failure)
        {
            findings.Add($"wrong: the journal cannot be read: {failure.Message}");
        }

        var lost = 0;
        foreach (var (key, promise) in ledger.Read())
        {
            var row = book.Find(key);
            if (row?.Position != promise.Position)
            {
                lost++;
                findings.Add($"lost: {key} has a receipt for {promise.Position} and is at {row?.Position}");
            }
            else if (promise.Sha256 is { } hash && hash != row.Sha256)
            {
                findings.Add($"wrong: {key} at {promise.Position} has another hash than its receipt");
            }
        }

        findings.AddRange(book.Wrong.Select(finding => "wrong: " + finding));
        findings.AddRange(book.Doubled.Select(finding => "doubled: " + finding));
        if (IsVerified && needs.Planted == Defect.None)
        {
            await UntilAsync(arena.IsSealedAsync);
        }

        if (IsVerified && needs.Planted == Defect.None && await arena.VerifyAsync() is not (0, _) and var verdict)
        {
            findings.Add($"wrong: audit verify ended with {verdict.Code}: {verdict.Printed}");
        }

        foreach (var finding in findings.Take(MostNamed))
        {
            run.Print($"{Name} {run.Seed}: {finding}");
        }

        return new ScenarioResult(
            Name, run.Seed, rounds, ledger.Acknowledged, lost, book.Doubled.Count,
            findings.Count(finding => finding.StartsWith("wrong", StringComparison.Ordinal)));
    }
}

/// <summary>What is done in one round.</summary>
internal sealed class Strike(Arena arena, HostCrowd crowd, Ledger ledger, Chance chance)
{
    public Arena Arena => arena;

    public HostCrowd Crowd => crowd;

    public Ledger Ledger => ledger;

    public Chance Chance => chance;

    /// <summary>Messages that had no answer at the moment of it.</summary>
    public int Unanswered { get; private set; }

    public ArenaNode AnyNode => arena.Nodes[chance.Below(arena.Nodes.Count)];

    public void Note() => Unanswered = Math.Max(Unanswered, crowd.Unanswered);

    /// <summary>Lets time pass in which hosts go on as far as they can.</summary>
    public Task RestAsync(int leastMilliseconds, int most) => Task.Delay(chance.Milliseconds(leastMilliseconds, most));
}
