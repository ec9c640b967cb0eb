using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>As <see cref="EngineInProcess"/>, with a journal that forgets: what is left is what can be tuned here.</summary>
internal sealed class EngineAlone : IMeasured
{
    public string Name => Names.EngineAlone;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var open = OpenEngine.OnNothing();
        return await EngineInProcess.MeasureAsync(open, work);
    }
}
