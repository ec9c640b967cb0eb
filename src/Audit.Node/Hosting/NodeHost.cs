using System.Security.Cryptography;
using Audit.Node.Configuration;

namespace Audit.Node.Hosting;

/// <summary>Starts nodes.</summary>
public static class NodeHost
{
    private const string DedupKey = "dedup-key";

    /// <summary>Threads that may rest in a read of SQLite while others answer requests.</summary>
    private const int ThreadsForReads = 16;

    /// <summary>Runs a node until it is asked to stop, and returns the exit code of the process.</summary>
    public static async Task<int> RunAsync(NodeOptions options, CancellationToken cancellation)
    {
        try
        {
            await using var node = await StartAsync(options, cancellation);
            foreach (var line in Greeting.Lines(node))
            {
                Console.Out.WriteLine(line);
            }

            await Task.WhenAny(node.PutDown, Task.Delay(Timeout.Infinite, cancellation));
            if (cancellation.IsCancellationRequested)
            {
                return 0;
            }

            await Console.Error.WriteLineAsync("The cluster has put this node down; start it again to let it join anew.");
            return 1;
        }
        catch (Exception refusal) when (refusal is StoreException or ReadModelsException or NodeStartException or JournalUnavailableException)
        {
            await Console.Error.WriteLineAsync(refusal.Message);
            return 2;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // It was told to stop before it had started.
            return 0;
        }
    }

    /// <exception cref="StoreException">The store cannot be opened.</exception>
    /// <exception cref="NodeStartException">An address or the data directory cannot be used.</exception>
    public static Task<RunningNode> StartAsync(NodeOptions options, CancellationToken cancellation = default) =>
        StartAsync(options, new NodeSeams(), cancellation);

    internal static async Task<RunningNode> StartAsync(NodeOptions options, NodeSeams seams, CancellationToken cancellation)
    {
        RaiseThreadMinimum();
        var data = DataDirectory.Open(options.Data);
        var store = await AuditStore.OpenAsync(options.Store, cancellation);
        try
        {
            var hasher = await HasherAsync(store, cancellation);
            var madeFirstToken = await FirstToken.EnsureAsync(store.Tokens, data, seams.Clock, cancellation);
            var engineOptions = new EngineOptions { MaxWindowLength = options.MaxWindow };
            var cluster = options.UsesAkka
                ? await AkkaNode.StartAsync(options, store.Journal, hasher, engineOptions, cancellation)
                : null;
            var engine = seams.AroundEngine(
                cluster ?? (IAuditEngine)new LocalEngine(store.Journal, hasher, engineOptions, seams.Clock));
            try
            {
                return await ServeAsync(options, seams, store, engine, cluster, hasher, data, madeFirstToken, cancellation);
            }
            catch
            {
                await engine.DisposeAsync();
                throw;
            }
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private static async Task<RunningNode> ServeAsync(
        NodeOptions options, NodeSeams seams, IAuditStore store, IAuditEngine engine, IClusterEngine? cluster, RecordHasher hasher,
        DataDirectory data, bool madeFirstToken, CancellationToken cancellation)
    {
        var settings = new ApiSettings(
            options.Store, options.Data, options.LogKeyFile, options.CheckpointFile, options.PublicLog);
        var web = WebHost.Build(options);
        var log = web.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Audit.Node");
        NodeLog sealing;
        try
        {
            RequireKeyDirectory(options);
            var sealer = new SealerOptions
            {
                CheckpointFile = options.CheckpointFile,
                Origin = options.LogOrigin,
                Interval = seams.SealInterval,
                Clock = seams.Clock,
            };
            sealing = await NodeLog.OpenAsync(settings, store.Journal, sealer, seams.SealedPatience, log, cancellation);
        }
        catch
        {
            await web.DisposeAsync();
            throw;
        }

        ReadSide reads;
        try
        {
            reads = await ReadSide.OpenAsync(options.Store, store.Journal, hasher, new ReadSideOptions { Clock = seams.Clock }, cancellation);
        }
        catch
        {
            await web.DisposeAsync();
            await sealing.DisposeAsync();
            throw;
        }

        var stopping = new CancellationTokenSource();
        var parts = new NodeParts(settings, store, engine, cluster, sealing, reads, hasher, seams.Clock, log, stopping.Token);
        try
        {
            WebHost.Map(web, parts);
            await WebHost.StartAsync(web, options);
            var node = new RunningNode(web, parts, data, Exporting.Start(parts), stopping, madeFirstToken);
            await node.WriteStartedAsync();
            sealing.Start();
            data.WriteNodeFile(node.Urls);
            return node;
        }
        catch
        {
            await web.DisposeAsync();
            await parts.Diary.DisposeAsync();
            await sealing.DisposeAsync();
            await reads.DisposeAsync();
            parts.Dispose();
            stopping.Dispose();
            throw;
        }
    }

    internal static async Task<RecordHasher> HasherAsync(IAuditStore store, CancellationToken cancellation) =>
        new(await store.SecretAsync(DedupKey, RandomNumberGenerator.GetBytes(RecordHasher.KeyLength), cancellation));

    private static void RequireKeyDirectory(NodeOptions options)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(options.LogKeyFile));
        if (!Directory.Exists(directory))
        {
            throw new NodeStartException(
                $"The log key \"{options.LogKeyFile}\" cannot be kept there: the directory {directory} is missing.");
        }
    }

    private static void RaiseThreadMinimum()
    {
        ThreadPool.GetMinThreads(out var workers, out var ports);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + ThreadsForReads), ports);
    }
}
