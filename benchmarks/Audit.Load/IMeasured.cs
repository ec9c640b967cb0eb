using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load;

/// <summary>A floor, a peer or a subject: whatever takes the workload in and can be timed at it.</summary>
internal interface IMeasured
{
    string Name { get; }

    /// <summary>The kind of store that it is for; null when it does not care.</summary>
    string? Kind => null;

    /// <summary>Whether it takes so long that it is measured only where it is asked for by its name, and then once.</summary>
    bool IsByHand => false;

    /// <param name="store">Fresh, and this measurement's own.</param>
    Task<Sample> MeasureAsync(LoadStore store, Workload work);
}
