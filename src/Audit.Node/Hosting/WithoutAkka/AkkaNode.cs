using Audit.Node.Configuration;

namespace Audit.Node.Hosting;

/// <summary>Stands where the Akka.NET engine is not in the build.</summary>
internal static class AkkaNode
{
    /// <summary>Why a node cannot be started with this engine.</summary>
    public static string? LeftOut =>
        "the Akka.NET engine is not in this build; `dotnet restore -p:AkkaEngine=true` with a feed that serves Akka.NET, "
        + "and then a build, put it in";

    public static Task<IClusterEngine> StartAsync(
        NodeOptions options, IJournal journal, RecordHasher hasher, EngineOptions engine, CancellationToken cancellation) =>
        throw new NodeStartException($"The node cannot start with --engine akka: {LeftOut}.");
}
