using Audit.Load.Stores;
using Audit.Load.Subjects;
using Audit.Load.Workloads;

namespace Audit.Load;

/// <summary>
/// What the actor of a call costs by itself, with a journal that forgets: its first message, which makes it, or the one
/// after that, which finds it alive. The columns of processor time and bytes say it.
/// </summary>
internal sealed class ActorCost(string name, bool isLater) : IMeasured
{
    /// <summary>As many as live at once under the bound of memory of one node.</summary>
    private const int MostCalls = 5_000;

    private const int BatchItems = 500;

    public string Name => name;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var journal = new NowhereJournal();
        await using var engine = await AkkaParts.StartAsync(store, journal, TestKeys.Seal);
        var calls = work.Messages.GroupBy(message => message.CallId).Select(call => call.ToArray())
            .Where(call => call.Length > 1).Take(MostCalls).ToArray();
        if (isLater)
        {
            await SubmitAsync(engine, calls, call => call[0]);
        }

        var meter = new Meter();
        await SubmitAsync(engine, calls, call => call[isLater ? 1 : 0]);
        var sample = meter.Read(calls.Length);
        return sample with { Note = $"{engine.Stats.LiveStreams} live actors, {sample.Note}" };
    }

    private static async Task SubmitAsync(IAuditEngine engine, Message[][] calls, Func<Message[], Message> pick)
    {
        var reader = new ItemReader(TestKeys.Hasher);
        var defaults = OpenEngine.DefaultsNow();
        foreach (var chunk in calls.Chunk(BatchItems))
        {
            var batch = Array.ConvertAll(chunk, call => reader.Read(pick(call).Item, defaults).Submission!);
            foreach (var receipt in await engine.SubmitAsync(batch, CancellationToken.None))
            {
                OpenEngine.Check(receipt);
            }
        }
    }
}
