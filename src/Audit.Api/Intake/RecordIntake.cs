using Audit.Api.Instruments;
using Audit.Api.Log;
using Audit.Api.Quotas;

namespace Audit.Api.Intake;

/// <summary>
/// Where items are taken in: the engine, what reads them, the places that all requests share, and the counts.
/// </summary>
internal sealed class RecordIntake(
    IAuditEngine engine, RecordHasher hasher, NodeLog log, NodeMetrics metrics, TimeProvider clock,
    ApiSettings settings,
    FailureLog failures, IHostApplicationLifetime life, QuotaBook quotas, CommitWatch commits, ReceiptSigner signer,
    Redactor? redactor = null)
{
    public IAuditEngine Engine { get; } = engine;

    public RecordHasher Hasher { get; } = hasher;

    /// <summary>Null where redaction is off.</summary>
    public Redactor? Redactor { get; } = redactor;

    public ItemReader Reader { get; } = new(hasher, redactor);

    public ItemIntake Items => field ??= new ItemIntake(Reader, Hasher);

    public IntakePlaces Places { get; } = new();

    public QuotaBook Quotas { get; } = quotas;

    /// <summary>
    /// How often the store stood still. Memory that was submitted before is left alone after, and given to nobody.
    /// </summary>
    public long Stalls => commits.Stalls;

    public NodeMetrics Metrics { get; } = metrics;

    public TimeProvider Clock { get; } = clock;

    public FailureLog Failures { get; } = failures;

    /// <summary>Where receipts lie that nobody has read yet.</summary>
    public string SpoolDirectory { get; } = settings.Data;

    /// <summary>Cancelled when the node begins to stop.</summary>
    public CancellationToken Stopping => life.ApplicationStopping;

    public Timestamp Now => Timestamp.From(Clock.GetUtcNow());

    /// <summary>Submits one item; once taken it is finished, whether or not its sender waits for it.</summary>
    public async Task<Receipt> SubmitAsync(Submission submission)
    {
        // Before there is a stream: its name is stored with its key, for good.
        if (submission is WindowSubmission window && RedactedActs.Refuse(window, Redactor) is { } refusal)
        {
            return new Receipt(ReceiptStatus.Refused, Error: refusal);
        }

        using var activity = NodeTraces.StartSubmit(1);
        return (await Engine.SubmitAsync([submission], CancellationToken.None))[0];
    }

    /// <exception cref="RefusedException">As many items wait for their receipts as may.</exception>
    public void RequireRoom(string what)
    {
        if (Engine.Stats.IsFull)
        {
            throw new RefusedException(Problem.Full(
                $"As many records wait for their receipts as the node holds; send {what} again later."));
        }
    }

    /// <summary>What a request with items, of any length, begins with.</summary>
    /// <exception cref="RefusedException">As many answers of the token wait for the log as may.</exception>
    /// <returns>How it is answered.</returns>
    public async Task<IntakeAnswer> BeginAsync(HttpContext context, string what)
    {
        var kind = BodyKinds.RequiredKindOf(context.Request);
        var seal = SealWait.Read(log, Stopping, context);
        var signature = await signer.ReadAsync(
            context, kind == BodyKind.Lines && IntakeHeaders.WantsMinimal(context.Request));
        RequireRoom(what);
        if (seal is not null)
        {
            // Before anything is taken: what was recorded must have its receipt.
            context.Response.RegisterForDispose(Quotas.Enter(Quota.Waits, context.Bearer()));
        }

        BodyKinds.AllowAnyLength(context);
        return new IntakeAnswer(kind, seal, signature);
    }

    /// <summary>What is said of the log to who did not ask for it.</summary>
    public SealedUpTo Known => new(0, log.IsHalted);

    /// <summary>Waits for the seal where that was asked for.</summary>
    public async Task<SealedUpTo> KnownOfAsync(IntakeAnswer answer, IEnumerable<Receipt> receipts) =>
        answer.Seal is null ? Known : await answer.Seal.UntilAsync(receipts);

    /// <summary>Takes in NDJSON, and answers as it goes.</summary>
    public async Task<IResult> TakeLinesAsync(
        HttpContext context, ItemDefaults defaults, IntakeAnswer answer, ILineIntake lines)
    {
        using var quota = Quotas.Enter(Quota.Streams, context.Bearer());
        if (!Places.TryEnterStream())
        {
            return Problem.Full($"{IntakeLimits.Streams} streams are open already; come again later.");
        }

        try
        {
            using var stream = new LineStream(this, context, defaults, answer, lines);
            await stream.RunAsync();
            return Reply.Sent;
        }
        finally
        {
            Places.LeaveStream();
        }
    }

    /// <summary>Takes in the items of an array.</summary>
    /// <exception cref="RefusedException">It is no array, or the journal is away.</exception>
    public Task<List<Receipt>> TakeArrayAsync(ReadOnlyMemory<byte> body, ILineIntake lines, ItemDefaults defaults)
    {
        var items = new List<RawItem>();
        return new ArraySplitter(body.Span).Split(items) is { } refusal
            ? throw new RefusedException(
                items.Count > IntakeLimits.ArrayItems ? Problem.TooLarge(refusal) : Problem.BadRequest(refusal))
            : TakeAllAsync(body, items, lines, defaults);
    }

    /// <exception cref="RefusedException">The journal is away.</exception>
    public async Task<List<Receipt>> TakeAllAsync(
        ReadOnlyMemory<byte> body, List<RawItem> items, ILineIntake lines, ItemDefaults defaults)
    {
        var receipts = new List<Receipt>(items.Count);
        for (var first = 0; first < items.Count; first += IntakeLimits.BatchItems)
        {
            var count = Math.Min(IntakeLimits.BatchItems, items.Count - first);
            var batch = await lines.ReadAsync(body, items.GetRange(first, count), defaults);
            receipts.AddRange(await batch.SubmitAsync(Engine, CancellationToken.None));
        }

        // What was written is a duplicate when all of it is sent again.
        var isAllAway = receipts.TrueForAll(receipt => receipt.Status == ReceiptStatus.Unavailable);
        var refused = receipts.Find(receipt => Problem.Of(receipt) is not null
            && (isAllAway || !lines.AnswersEach || receipt.Status != ReceiptStatus.Unavailable));
        return refused is null ? receipts : throw new RefusedException(Problem.Of(refused)!);
    }

    /// <summary>What was wrong with an act may quote it.</summary>
    private Receipt Redacted(Receipt receipt) =>
        Redactor is { } redactor && receipt.Error is { } error
            ? receipt with { Error = redactor.Text(error) }
            : receipt;

    /// <summary>Answers a request that is about one item with its receipt.</summary>
    public IResult Answer(Receipt receipt, string? windowId = null, SealedUpTo? known = null)
    {
        Metrics.Count(receipt.Status);
        return Problem.Of(receipt) ?? (IResult)new ReceiptReply(
            Redacted(receipt), windowId is null ? null : Redactor?.Text(windowId) ?? windowId, known ?? Known);
    }
}

/// <summary>How a request with items is answered.</summary>
/// <param name="Seal">Null where its receipts are not held until they are sealed.</param>
/// <param name="Signature">Null where they are not signed.</param>
internal sealed record IntakeAnswer(BodyKind Kind, SealWait? Seal, AnswerSignature? Signature)
{
    /// <summary>Signs the receipts of an answer that is sent as a whole, where that was asked for.</summary>
    public Task SignAsync(HttpContext context, IReadOnlyList<Receipt> receipts) =>
        Signature?.SignAsync(context.Response, receipts) ?? Task.CompletedTask;
}

/// <summary>The places that all requests of a node share.</summary>
internal sealed class IntakePlaces
{
    private int streams;

    public SemaphoreSlim Batches { get; } = new(IntakeLimits.BatchesInFlightOfAll);

    public SemaphoreSlim LargeBodies { get; } = new(IntakeLimits.LargeBodies);

    public int Streams => Volatile.Read(ref streams);

    public bool TryEnterStream()
    {
        if (Interlocked.Increment(ref streams) <= IntakeLimits.Streams)
        {
            return true;
        }

        LeaveStream();
        return false;
    }

    public void LeaveStream() => Interlocked.Decrement(ref streams);
}

/// <summary>The bounds of taking in. Each keeps one client from taking the node's memory from the others.</summary>
internal static class IntakeLimits
{
    /// <summary>Items of a stream that are submitted together.</summary>
    public const int BatchItems = 500;

    /// <summary>Bytes of a stream that are submitted together, unless one item is larger.</summary>
    public const int BatchBytes = 1 << 20;

    /// <summary>Batches of one stream that may wait for their receipts.</summary>
    public const int BatchesInFlight = 4;

    /// <summary>Batches of all streams that may wait for their receipts.</summary>
    public const int BatchesInFlightOfAll = 64;

    /// <summary>NDJSON streams at one time.</summary>
    public const int Streams = 1_024;

    /// <summary>A body that is not a stream, decoded.</summary>
    public const int BodyBytes = 64 << 20;

    /// <summary>Bodies above this wait for one of a few places.</summary>
    public const int SmallBodyBytes = 1 << 20;

    public const int LargeBodies = 8;

    /// <summary>Beside the patience for its start and its pauses, a body has a second for each of these.</summary>
    public const int BodyBytesPerSecond = 128 << 10;

    public const int ArrayItems = 100_000;

    /// <summary>What is kept of an item that is too large to be read; its names stand at its head.</summary>
    public const int OversizedHeadBytes = 1 << 20;

    /// <summary>Receipts kept in memory for a client that does not read; more go into a file.</summary>
    public const int ReceiptBytesInMemory = 1 << 20;

    /// <summary>Receipts kept in a file; beyond it the stream ends.</summary>
    public const long ReceiptBytesInFile = 1L << 30;

    /// <summary>A client that has taken no byte of its receipts for so long is gone.</summary>
    public static readonly TimeSpan ReceiptPatience = TimeSpan.FromMinutes(10);

    /// <summary>Up to here a compressed body may be as dense as it likes.</summary>
    public const long DenseBytes = 64L << 20;

    /// <summary>Beyond it no byte may stand for more than these.</summary>
    public const int Density = 200;
}
