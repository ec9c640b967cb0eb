namespace Audit.Node.Configuration;

/// <summary>Starts the Akka.NET engine, which is in this build.</summary>
internal static class AkkaNode
{
    /// <summary>Why a node cannot be started with this engine; null as it can.</summary>
    public static string? LeftOut => null;

    /// <exception cref="NodeStartException">The engine cannot start as it is configured.</exception>
    public static async Task<IClusterEngine> StartAsync(
        NodeOptions options, IAuditStore store, EngineOptions engine, CancellationToken cancellation)
    {
        try
        {
            var akka = new AkkaEngineOptions(options.Store, options.Hocon, options.InsecureRemoting);
            return await AkkaEngine.StartAsync(store.Journal, store.Seal, engine, akka, cancellation);
        }
        catch (AkkaEngineException failure)
        {
            throw new NodeStartException(failure.Message, failure);
        }
    }
}
