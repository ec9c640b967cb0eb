namespace Audit.Node.Configuration;

/// <summary>Stands where the Akka.NET engine is not in the build.</summary>
internal static class AkkaNode
{
    /// <summary>Why a node cannot be started with this engine.</summary>
    public static string? LeftOut =>
        "the Akka.NET engine is not in this build; a restore from a package feed that serves Akka.NET and a build "
            + "put it in, "
        + "and `dotnet restore -p:AkkaEngine=true` reports what is missing";

    public static Task<IClusterEngine> StartAsync(
        NodeOptions options, IAuditStore store, EngineOptions engine, CancellationToken cancellation) =>
        throw new NodeStartException($"The node cannot start with --engine akka: {LeftOut}.");
}
