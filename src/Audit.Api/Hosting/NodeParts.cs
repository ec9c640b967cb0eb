using Audit.Api.Access;
using Audit.Api.Diary;
using Audit.Api.Instruments;
using Audit.Api.Intake;
using Audit.Api.Log;

namespace Audit.Api.Hosting;

/// <summary>What the endpoints of a running node work with.</summary>
internal sealed partial class NodeParts(
    ApiSettings options, IAuditStore store, IAuditEngine engine, IClusterEngine? cluster, NodeLog sealing, ReadSide reads,
    RecordHasher hasher, TimeProvider clock, ILogger log, CancellationToken stopping) : IDisposable
{
    public ApiSettings Options { get; } = options;

    public IAuditStore Store { get; } = store;

    public IJournal Journal => Store.Journal;

    public IAuditEngine Engine { get; } = engine;

    /// <summary>The same engine, where it is one of a cluster.</summary>
    public IClusterEngine? Cluster { get; } = cluster;

    /// <summary>The tamper-evident log over the journal.</summary>
    public NodeLog Log { get; } = sealing;

    /// <summary>The read models, and what else reads the journal for people.</summary>
    public ReadSide Reads { get; } = reads;

    public RecordHasher Hasher { get; } = hasher;

    public ItemIntake Items { get; } = new(new Audit.Engine.Intake.ItemReader(hasher), hasher);

    /// <summary>The formats of other systems, with what they remember from one request to the next.</summary>
    public FormatReaders Formats { get; } = new();

    public TimeProvider Clock { get; } = clock;

    public BearerTokens Tokens { get; } = new(store.Tokens, clock);

    public OperatorActs Acts { get; } = new(engine, clock);

    /// <summary>Who read what.</summary>
    public ReadDiary Diary { get; } = new(engine, clock, log);

    public NodeMetrics Metrics { get; } = new();

    public IntakePlaces Places { get; } = new();

    /// <summary>Cancelled when the node begins to stop: what could go on for ever ends then.</summary>
    public CancellationToken Stopping { get; } = stopping;

    public Timestamp Now => Timestamp.From(Clock.GetUtcNow());

    /// <summary>As many items wait for their receipts as may.</summary>
    public bool IsFull => Engine.Stats.IsFull;

    /// <summary>Submits one item; once taken it is finished, whether or not its sender waits for it.</summary>
    public async Task<Receipt> SubmitAsync(Submission submission)
    {
        using var activity = NodeTraces.StartSubmit(1);
        return (await Engine.SubmitAsync([submission], CancellationToken.None))[0];
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{What}")]
    public partial void LogUnexpected(Exception exception, string what);

    public void Dispose()
    {
        Places.Dispose();
        Metrics.Dispose();
    }
}
