using System.Diagnostics;
using System.Net.Http.Headers;
using Audit.Client.Http;
using Audit.Client.Sending;

namespace Audit.Client;

/// <summary>
/// Asks a node before a tool runs and records what became of it. One client serves a whole host, from any thread.
/// </summary>
public sealed class AuditClient : IAsyncDisposable
{
    /// <summary>The name of the <see cref="ActivitySource"/> that says what is asked, run and recorded.</summary>
    public const string ActivitySourceName = "Audit.Client";

    private static readonly ActivitySource Activities = new(ActivitySourceName);
    /// <summary>What is sent gives up by itself; who waits for it does so a little later in any case.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>An older approval is asked for again before the tool begins: it may have been stopped meanwhile.</summary>
    private static readonly TimeSpan LongestToBegin = TimeSpan.FromSeconds(3);

    private readonly AuditClientOptions options;
    private readonly NodeClient node;
    private readonly QuestionPost questions;
    private readonly MemoryOutbox? memory;
    private readonly SpoolFile? spool;
    private readonly BackgroundSender sender;
    private readonly SpentApprovals spent = new();
    private int closed;

    /// <summary>Opens the spool where there is one, and begins to send what waits in it.</summary>
    /// <exception cref="ArgumentException">The options cannot be meant so.</exception>
    /// <exception cref="IOException">The spool cannot be opened, or another process has it open.</exception>
    public AuditClient(AuditClientOptions options)
    {
        options.Require();
        this.options = options;
        node = new NodeClient(options.Server, options.Token);
        questions = new QuestionPost(node, options.Patience, options.Patience);
        var post = new RecordPost(node, []);
        if (options.SpoolPath is { } path)
        {
            spool = new SpoolFile(path, options.MostUnsentBytes, Report);
            sender = new BackgroundSender(post, spool, TimeSpan.FromSeconds(10), Report);
        }
        else
        {
            memory = new MemoryOutbox(options.Patience, options.MostUnsentBytes);
            sender = new BackgroundSender(post, memory, TimeSpan.FromMilliseconds(500), Report);
        }
    }

    /// <summary>Asks whether the tool may run. The answer is in the book before it is given.</summary>
    /// <param name="call">What is to run. The same call with the same input in the same turn has one answer.</param>
    /// <param name="wait">
    /// How long to wait for a person, where one is asked; also while the node is restarted. When it is over, the answer
    /// says that the person is still awaited, which refuses.
    /// </param>
    /// <param name="cancellation">Ends the waiting, and not the question.</param>
    /// <exception cref="AuditException">There is no answer, and nothing may run.</exception>
    public async Task<AuditDecision> DecideAsync(
        AuditCall call, TimeSpan wait = default, CancellationToken cancellation = default)
    {
        using var activity = StartActivity("audit.decide", call);
        try
        {
            var decision = AuditDecision.Of(
                await questions.AskAsync(call.ToQuestion(DateTimeOffset.UtcNow), wait, cancellation));
            activity?.SetTag("audit.decision", decision.Decision ?? decision.State);
            return decision;
        }
        catch (NodeException failure)
        {
            activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
            throw AuditException.Of(failure);
        }
    }

    /// <summary>
    /// Records what became of a call. With a spool it returns once that is on disk, and without one when the node
    /// has it.
    /// </summary>
    /// <exception cref="AuditException">It is not kept, or not known to be.</exception>
    public async Task RecordAsync(AuditCall call, AuditOutcome outcome, CancellationToken cancellation = default)
    {
        try
        {
            await KeepAsync(call.ToItem(outcome, DateTimeOffset.UtcNow), cancellation);
        }
        catch (NodeException failure)
        {
            throw AuditException.Of(failure);
        }
    }

    /// <summary>Records what concerns a session and no call of it, such as the end of a turn.</summary>
    /// <param name="sessionId">The session.</param>
    /// <param name="type">What happened, in a word: <c>turn_start</c>, <c>intent</c>, <c>session.ended</c>.</param>
    /// <param name="detail">What else there is to say.</param>
    /// <param name="cancellation">Ends the waiting; it may be recorded all the same.</param>
    /// <exception cref="AuditException">It is not kept, or not known to be.</exception>
    public async Task NoteAsync(
        string sessionId, string type, JsonElement? detail = null, CancellationToken cancellation = default)
    {
        try
        {
            await KeepAsync(AuditCall.ToNote(sessionId, type, detail, DateTimeOffset.UtcNow), cancellation);
        }
        catch (NodeException failure)
        {
            throw AuditException.Of(failure);
        }
    }

    /// <summary>
    /// Runs a tool if, and only if, it was approved and its beginning is recorded; and records how it ended, also
    /// where it throws or is cancelled. An approval is for one run: what began once is asked for as another call.
    /// </summary>
    /// <param name="call">What is to run.</param>
    /// <param name="tool">The tool.</param>
    /// <param name="wait">How long to wait for a person, where one is asked.</param>
    /// <param name="cancellation">Given to the tool.</param>
    /// <exception cref="AuditException">
    /// There was no answer or no record, and the tool did not run; or, where the exception has a result, it ran, and
    /// how it ended is not known to be recorded.
    /// </exception>
    public async Task<AuditRun> RunAsync(
        AuditCall call, Func<CancellationToken, Task<AuditToolResult>> tool, TimeSpan wait = default,
        CancellationToken cancellation = default)
    {
        using var activity = StartActivity("execute_tool " + call.ToolName, call);
        var decision = await BeginAsync(call, wait, cancellation);
        activity?.SetTag("audit.decision", decision.Decision ?? decision.State);
        if (!IsLet(decision))
        {
            activity?.SetStatus(ActivityStatusCode.Error, "refused");
            return new AuditRun(decision, null);
        }

        var begun = Stopwatch.GetTimestamp();
        AuditToolResult result;
        try
        {
            result = await tool(cancellation);
            result = result with { Duration = result.Duration ?? Stopwatch.GetElapsedTime(begun) };
        }
        catch (Exception failure)
        {
            activity?.SetStatus(ActivityStatusCode.Error, failure.Message);
            await EndAsync(call, failure, Stopwatch.GetElapsedTime(begun), cancellation);
            throw;
        }

        await EndAsync(call, AuditOutcome.Completed(result), result);
        return new AuditRun(decision, result);
    }

    /// <summary>Waits until all that was recorded so far is with the node, at most so long.</summary>
    /// <returns>How many records still wait in the spool.</returns>
    public async Task<long> FlushAsync(TimeSpan patience, CancellationToken cancellation = default)
    {
        if (spool is not null)
        {
            try
            {
                await spool.WhenEmptyAsync().WaitAsync(patience, cancellation);
            }
            catch (TimeoutException)
            {
                return spool.Lines;
            }
        }

        return 0;
    }

    /// <summary>Stops sending. What waits in the spool is sent by whoever opens it next.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
        {
            return;
        }

        await sender.DisposeAsync();
        if (spool is not null)
        {
            await spool.DisposeAsync();
        }

        node.Dispose();
    }

    private static Activity? StartActivity(string name, AuditCall call) => Activities.StartActivity(name)?
        .SetTag("gen_ai.tool.name", call.ToolName)
        .SetTag("gen_ai.tool.call.id", call.ToolCallId)
        .SetTag("audit.session", call.SessionId);

    private bool IsLet(AuditDecision decision) =>
        decision.IsApproved || (decision.HasNoOpinion && options.RunsWithoutOpinion);

    /// <summary>Records that the tool begins, where it may.</summary>
    private async Task<AuditDecision> BeginAsync(AuditCall call, TimeSpan wait, CancellationToken cancellation)
    {
        if (spool?.EarlierSent is { } earlier
            && await Task.WhenAny(earlier, Task.Delay(options.Patience, cancellation)) != earlier)
        {
            cancellation.ThrowIfCancellationRequested();
            throw new AuditException(
                AuditFailure.NoAnswer,
                "What was recorded before a restart is not with the node yet, and might say that the call began.");
        }

        var decision = await DecideAsync(call, wait, cancellation);
        if (!IsLet(decision))
        {
            return decision;
        }

        var decided = Stopwatch.GetTimestamp();
        decision.RequireUnspent(DateTimeOffset.UtcNow);

        // Of one approval there is one beginning: another process that has the same begins in vain.
        var id = decision is { IsApproved: true, Sequence: { } sequence }
            ? string.Create(CultureInfo.InvariantCulture, $"started:{sequence}")
            : null;
        await spent.BeginAsync(call, decision, () => StartAsync(call, id, cancellation));
        if (Stopwatch.GetElapsedTime(decided) <= LongestToBegin)
        {
            return decision;
        }

        decision = await DecideAsync(call, TimeSpan.Zero, cancellation);
        if (!IsLet(decision))
        {
            await RecordAsync(
                call, AuditOutcome.Cancelled("it did not begin: it was refused meanwhile"), cancellation);
        }

        return decision;
    }

    /// <summary>
    /// Records that the tool starts. Where that cannot be known it does not run, and the book may have it all the same:
    /// then it is told so, as far as it can be.
    /// </summary>
    private async Task StartAsync(AuditCall call, string? id, CancellationToken cancellation)
    {
        try
        {
            await KeepAsync(call.ToItem(AuditOutcome.Started(), DateTimeOffset.UtcNow, id), cancellation);
        }
        catch (Exception failure) when (failure is OperationCanceledException or NodeException)
        {
            if (failure is not NodeException { Trouble: NodeTrouble.NotRecorded or NodeTrouble.Full or NodeTrouble.Unwritable })
            {
                var given = AuditOutcome.Cancelled($"the tool did not run: {failure.Message}");
                _ = KeepAsync(call.ToItem(given, DateTimeOffset.UtcNow), CancellationToken.None);
            }

            throw failure is NodeException refusal ? AuditException.Of(refusal) : failure;
        }
    }

    private async Task KeepAsync(byte[] line, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(closed != 0, this);
        if (spool is not null)
        {
            await spool.AddAsync(line).WaitAsync(cancellation);
            return;
        }

        var receipt = await ReceiptOfAsync(line, cancellation);
        if (receipt.Status is not (ReceiptLine.Recorded or ReceiptLine.Duplicate or ReceiptLine.Counted))
        {
            throw new NodeException(
                NodeTrouble.NotRecorded,
                $"The node answered the record with {receipt.Status}: {receipt.Reason ?? receipt.Error}");
        }

        if (receipt.Anomalies?.Contains("approval_expired") == true)
        {
            throw new NodeException(
                NodeTrouble.Refused, "The approval had expired before the tool began; it is to be asked again.");
        }
    }

    private async Task<ReceiptLine> ReceiptOfAsync(byte[] line, CancellationToken cancellation)
    {
        try
        {
            return await memory!.SendAsync(line).WaitAsync(options.Patience + Grace, cancellation);
        }
        catch (TimeoutException)
        {
            throw sender.Trouble ?? new NodeException(
                NodeTrouble.Unreachable, $"The node at {options.Server} gave no receipt in time.");
        }
    }

    private async Task EndAsync(AuditCall call, Exception failure, TimeSpan ran, CancellationToken cancellation)
    {
        var isCancelled = failure is OperationCanceledException && cancellation.IsCancellationRequested;
        var result = new AuditToolResult(false, failure.Message) { Duration = ran };
        await EndAsync(
            call, isCancelled ? AuditOutcome.Cancelled("cancelled by the host") : AuditOutcome.Completed(result), result);
    }

    /// <summary>The tool ran: that is recorded even where whoever called it waits no longer.</summary>
    private async Task EndAsync(AuditCall call, AuditOutcome outcome, AuditToolResult result)
    {
        try
        {
            await KeepAsync(call.ToItem(outcome, DateTimeOffset.UtcNow), CancellationToken.None);
        }
        catch (NodeException failure)
        {
            throw AuditException.Of(failure, result);
        }
    }

    private void Report(NodeException trouble)
    {
        try
        {
            options.OnTrouble?.Invoke(new AuditTrouble(
                AuditException.FailureOf(trouble.Trouble), trouble.Message, trouble.InnerException));
        }
        catch (Exception thrown)
        {
            Trace.TraceError($"{ActivitySourceName}: whoever is told of troubles threw: {thrown}");
        }
    }
}
