using System.Diagnostics;

namespace Audit.Node.Hosting;

/// <summary>Starts nodes.</summary>
public static class NodeHost
{
    /// <summary>Threads that may rest in a read of SQLite while others answer requests.</summary>
    private const int ThreadsForReads = 16;

    /// <summary>How long an engine may finish nothing of what it has until those who wait are answered.</summary>
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(5);

    /// <summary>The same where streams move from node to node.</summary>
    private static readonly TimeSpan LongestHandOver = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan LongestFirstWrite = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PauseOfFirstWrite = TimeSpan.FromSeconds(1);

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

            await Console.Error.WriteLineAsync(
                "The cluster has put this node down; start it again to let it join anew.");
            return 1;
        }
        catch (Exception refusal) when (refusal
            is StoreException or ReadModelsException or NodeStartException or JournalUnavailableException)
        {
            await Console.Error.WriteLineAsync(refusal.Message);
            return 2;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // It was stopped before it had started.
            return 0;
        }
    }

    /// <exception cref="StoreException">The store cannot be opened.</exception>
    /// <exception cref="NodeStartException">An address or the data directory cannot be used.</exception>
    public static Task<RunningNode> StartAsync(NodeOptions options, CancellationToken cancellation = default) =>
        StartAsync(options, new NodeSeams(), cancellation);

    internal static async Task<RunningNode> StartAsync(
        NodeOptions options, NodeSeams seams, CancellationToken cancellation)
    {
        RaiseThreadMinimum();
        var undo = new DisposalStack();
        try
        {
            return await StartAsync(options, seams, undo, cancellation);
        }
        catch
        {
            await undo.DisposeAsync();
            throw;
        }
    }

    /// <param name="undo">Takes how to stop each part, and so is the order of the stop, from its end.</param>
    private static async Task<RunningNode> StartAsync(
        NodeOptions options, NodeSeams seams, DisposalStack undo, CancellationToken cancellation)
    {
        var data = DataDirectory.Open(options.Data);
        RequireKeyDirectory(options);
        Transport.RequireProtected(options.Urls.Split(';'), options);
        var redaction = new LogRedaction(options.Redaction);
        var loggers = LoggerFactory.Create(logging => WebHost.Log(logging, redaction));
        undo.Add(() => Disposed(loggers));
        var log = loggers.CreateLogger("Audit.Node");
        var failures = new FailureLog(log, seams.Clock);
        WebApplication? web = null;
        undo.Add(() => web?.DisposeAsync() ?? default);
        var exporting = Exporting.Start();
        undo.Add(() => Disposed(exporting));
        RunningNode? node = null;
        undo.Add(() =>
        {
            if (node is { HasStarted: true })
            {
                data.RemoveNodeFile();
            }

            return default;
        });

        var store = undo.Add(await AuditStore.OpenAsync(
            options.Store, options.OpenRowKeys, failures, cancellation));
        data.WriteStoreFile(options.Store);
        var madeFirstToken = await FirstToken.EnsureAsync(store, data, seams, cancellation);
        var redactor = redaction.Open(store.Hasher, options.RedactionFile, log);
        var reads = undo.Add(await ReadSide.OpenAsync(
            options.Store, store.Followed, new ReadSideOptions { Clock = seams.Clock, Failures = failures },
            cancellation));
        var settings = new ApiSettings(
            options.Store, options.Data, options.LogKeyFile, options.CheckpointFile, options.RowKeyFile,
            options.PublicLog)
        {
            AllowSelfApproval = options.AllowSelfApproval,
            PolicyFile = options.Policy,
            MaxWindowLength = options.MaxWindow,
            MaxUnsealed = options.MaxUnsealed,
            MaxUnwitnessed = options.MaxUnwitnessed,
        };
        var entries = await StoreMeta.EntryKeysAsync(options.Store, store.Keys, cancellation);
        var sessions = new SessionWatch();
        var sealer = new SealerOptions
        {
            Sessions = sessions,
            CheckpointFile = options.CheckpointFile,
            Origin = options.LogOrigin,
            Interval = seams.SealInterval,
            Patience = seams.SealPatience,
            ScrubPause = seams.ScrubPause,
            Witnesses = new WitnessOptions
            {
                Witnesses = options.Witnesses,
                Quorum = options.WitnessQuorum,
                Pause = seams.WitnessPause,
            },
            Outlet = OutletOf(options.CheckpointTo),
            OutletPause = seams.OutletPause,
            BothSign = seams.BothSign,
            Clock = seams.Clock,
            Failures = failures,
        };
        var sealing = undo.Add(
            await NodeLog.OpenAsync(
                settings, store.Journal, options.OpenLogKeys(), entries, sealer, seams.SealedPatience, log, failures,
                cancellation));
        undo.Add(() => new ValueTask(sealing.FinishAsync()));

        var metrics = new NodeMetrics(seams.Clock);
        var engineOptions = new EngineOptions
        {
            Committed = metrics.Commits.Add,
            Recent = options.UsesAkka ? null : store.Recent,
            MaxWindowLength = options.MaxWindow,
            Redactor = redactor,
            Failures = failures,
        };
        var cluster = options.UsesAkka
            ? await AkkaNode.StartAsync(options, store, engineOptions, cancellation)
            : null;
        var guard = undo.Add(new SetBackGuard(
            sealing, reads, store, seams.Clock, seams.SetBackPause, failures, log));
        await guard.LookAsync(cancellation);
        var inner = undo.Add(seams.AroundEngine(
            cluster ?? (IAuditEngine)new LocalEngine(
                seams.AroundJournal(store.Journal), store.Seal, engineOptions, seams.Clock)));
        var commits = new CommitWatch(
            inner, store.Opened, failures, cluster is null ? LongestStandstill : LongestHandOver);
        undo.Add(() => Disposed(commits));
        var engine = new GuardedEngine(inner, guard, commits, new SessionOwners(reads));
        var acts = new OperatorActs(engine, seams.Clock, redactor);
        var marks = undo.Add(new SessionMarks(
            sealing, sessions, store.Opened, acts, settings, seams.Clock, seams.MarkPause, failures));
        var diary = new ReadDiary(engine, seams.Clock, failures, options.Data);
        var notes = new AccessNotes();
        var access = new AccessDiary(notes, acts, seams.Clock, failures);
        var steps = new ClockWatch(store.Opened, acts, seams.Clock, failures);
        AddStop(undo, () => node, cluster, acts, [diary, access, steps], failures);

        web = WebHost.Build(options, loggers, services =>
        {
            services.AddSingleton(settings).AddSingleton(store).AddSingleton(store.Opened).AddSingleton(store.Tokens)
                .AddSingleton<IAuditEngine>(engine).AddSingleton(reads)
                .AddSingleton(new VeilKey(store.Keys.Derive("position veil")))
                .AddSingleton(sealing).AddSingleton(store.Hasher)
                .AddSingleton(seams.Clock).AddSingleton(acts).AddSingleton(diary).AddSingleton(notes)
                .AddSingleton(access).AddSingleton(failures).AddSingleton(options.Quotas).AddSingleton(guard)
                .AddSingleton(commits).AddSingleton(metrics).AddSingleton(steps).AddSingleton(seams.Alerts);
            if (redactor is not null)
            {
                services.AddSingleton(redactor);
            }

            if (cluster is not null)
            {
                services.AddSingleton(cluster);
            }

            seams.AddParts(services);
        });
        node = new RunningNode(web, undo, data, store, cluster, madeFirstToken)
        {
            Redaction = redaction.Sentence,
            RowKeyFile = options.RowKeyFile,
        };
        if (options.AcceptSetBack is { } reason)
        {
            await guard.AcceptAsync(reason, acts, cancellation);
        }

        await steps.CompareAsync(cancellation);
        await WebHost.StartAsync(web, options);
        if (!guard.IsSetBack)
        {
            await WriteStartedAsync(
                new(ActsOfStart(node, options, acts)), store, seams.Clock, undo, failures, cancellation);
        }

        guard.Start();
        steps.Start();
        node.HasStarted = true;
        sealing.Start();
        marks.Start();
        node.Services.GetRequiredService<PolicyBook>().Begin();
        undo.Add(node.Services.GetRequiredService<OpenQuestions>()).Start();
        undo.Add(node.Services.GetRequiredService<Erasures>()).Start();
        undo.Add(node.Services.GetRequiredService<AlertFeed>()).Start();
        undo.Add(node.Services.GetRequiredService<Forgetting>()).Start();
        data.WriteNodeFile(node.Urls);
        return node;
    }

    /// <summary>
    /// A journal that stands still for a moment does not end a node that has just come: it is not ready meanwhile. Nor
    /// does a place in it that cannot be read: the node says so, and writes its start down once it is whole.
    /// </summary>
    private static async Task WriteStartedAsync(
        Queue<Func<CancellationToken, Task>> left, IAuditStore store, TimeProvider clock, DisposalStack undo,
        FailureLog failures, CancellationToken cancellation)
    {
        var (isBehind, since) = (false, Stopwatch.GetTimestamp());
        while (await TryAsync(cancellation) is { } failure)
        {
            if (await IsDamagedAsync(store, StreamNames.Operator(clock.GetUtcNow()), cancellation))
            {
                isBehind = true;
                undo.Add(new BackgroundWork(async stopping =>
                {
                    while (!stopping.IsCancellationRequested && await TryAsync(CancellationToken.None) is not null)
                    {
                        await Task.Delay(PauseOfFirstWrite, stopping)
                            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    }
                }));
                return;
            }

            if (Stopwatch.GetElapsedTime(since) >= LongestFirstWrite)
            {
                throw failure;
            }

            await Task.Delay(PauseOfFirstWrite, cancellation);
        }

        async Task<Exception?> TryAsync(CancellationToken token)
        {
            try
            {
                for (; left.TryPeek(out var write); left.Dequeue())
                {
                    await write(token);
                }

                return null;
            }
            catch (Exception failure) when (isBehind || failure is JournalUnavailableException)
            {
                failures.Report("writing down the start", failure);
                return failure;
            }
        }
    }

    private static async Task<bool> IsDamagedAsync(IAuditStore store, string stream, CancellationToken cancellation)
    {
        try
        {
            await store.Journal.ReadStreamsAsync([new StreamKey(stream)], cancellation);
            return false;
        }
        catch (JournalUnavailableException failure)
        {
            return failure.Trouble == JournalTrouble.Damaged;
        }
    }

    private static IEnumerable<Func<CancellationToken, Task>> ActsOfStart(
        RunningNode node, NodeOptions options, OperatorActs acts)
    {
        yield return _ => acts.WriteStartedAsync(node.Urls, node.StoreKind, options.Redaction?.Version);
        if (options.InsecureHttp)
        {
            yield return _ => acts.WriteInsecureAsync(Transport.Unprotected(node.Urls));
        }

        if (options is { UsesAkka: true, InsecureRemoting: true })
        {
            yield return _ => acts.WriteAsync("node.insecure_remoting", OperatorActs.Node, _ => { });
        }

        if (options.AllowSelfApproval)
        {
            yield return _ => acts.WriteAsync("node.allows_self_approval", OperatorActs.Node, _ => { });
        }

        yield return node.Services.GetRequiredService<SourceBook>().WriteDownAllAsync;
    }

    /// <summary>Takes nothing new, gives what was taken its receipts, and writes down the stop.</summary>
    /// <param name="node">Null for as long as there is no server.</param>
    private static void AddStop(
        DisposalStack undo, Func<RunningNode?> node, IClusterEngine? cluster, OperatorActs acts,
        IReadOnlyList<IAsyncDisposable> diaries, FailureLog failures)
    {
        if (cluster is null)
        {
            undo.Add(WriteStoppedAsync);
            AddDiaries();
            undo.Add(StopServingAsync);
        }
        else
        {
            // While its streams move to the other nodes, the server still asks those who come to try again.
            undo.Add(StopServingAsync);
            undo.Add(() => new ValueTask(cluster.LeaveAsync()));
            undo.Add(WriteStoppedAsync);
            AddDiaries();
        }

        void AddDiaries()
        {
            foreach (var diary in diaries)
            {
                undo.Add(diary);
            }
        }

        async ValueTask StopServingAsync()
        {
            try
            {
                await (node()?.Web.StopAsync() ?? Task.CompletedTask);
            }
            catch (Exception failure) when (failure is OperationCanceledException or AggregateException)
            {
                // Some requests did not end in time and were cut.
                failures.Report("stop of the server", failure);
            }
        }

        async ValueTask WriteStoppedAsync()
        {
            try
            {
                await (node() is { HasStarted: true } ? acts.WriteStoppedAsync() : Task.CompletedTask);
            }
            catch (Exception failure) when (failure is JournalUnavailableException or EngineStoppedException)
            {
                failures.Report("writing down the stop", failure);
            }
        }
    }

    private static ValueTask Disposed(IDisposable? part)
    {
        part?.Dispose();
        return default;
    }

    private static ICheckpointOutlet? OutletOf(string? place) =>
        place is null ? null
        : Uri.TryCreate(place, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? new UrlOutlet(url)
        : new FileOutlet(place);

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
