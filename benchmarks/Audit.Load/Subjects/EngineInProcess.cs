using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>The engine without HTTP: items are read from their bytes and submitted, 4,000 outstanding.</summary>
internal sealed class EngineInProcess(string engine) : IMeasured
{
    private const int Submitters = 8;
    private const int BatchItems = 500;

    public string Name => Names.On(engine, Names.Engine);

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var open = await OpenEngine.OnAsync(store, engine);
        return await MeasureAsync(open, work);
    }

    public static async Task<Sample> MeasureAsync(OpenEngine open, Workload work)
    {
        var dealt = work.DealtTo(Submitters);
        var meter = new Meter(open.Store);
        await Task.WhenAll(dealt.Select(messages => Task.Run(() => SubmitAsync(open, messages))));
        var sample = meter.Read(work.Messages.Length);
        return sample with { Note = $"{open.Describe(sample.Events)}, {sample.Note}" };
    }

    private static async Task SubmitAsync(OpenEngine open, Message[] messages)
    {
        for (var first = 0; first < messages.Length; first += BatchItems)
        {
            var batch = new Submission[Math.Min(BatchItems, messages.Length - first)];
            var defaults = OpenEngine.DefaultsNow();
            for (var index = 0; index < batch.Length; index++)
            {
                batch[index] = open.Read(messages[first + index], defaults);
            }

            foreach (var receipt in await open.Engine.SubmitAsync(batch, CancellationToken.None))
            {
                OpenEngine.Check(receipt);
            }
        }
    }
}
