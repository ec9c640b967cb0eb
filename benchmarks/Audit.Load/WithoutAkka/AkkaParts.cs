using Audit.Load.Stores;

namespace Audit.Load;

/// <summary>Stands where Akka.NET is not in the build.</summary>
internal static class AkkaParts
{
    public static IReadOnlyList<IMeasured> Peers => [];

    public static IReadOnlyList<IMeasured> Actors => [];

    public static Task<IAuditEngine> StartAsync(LoadStore store, IJournal journal, BookSeal seal) =>
        throw new WrongUseException("--engine akka: the Akka.NET engine is not in this build.");
}
