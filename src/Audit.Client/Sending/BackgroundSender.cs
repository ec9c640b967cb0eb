using Audit.Client.Http;

namespace Audit.Client.Sending;

/// <summary>
/// Sends what waits, batch after batch: none before all of the one before have their receipts, so that the order is
/// kept, and again from the first without one, which is known again by its id.
/// </summary>
internal sealed class BackgroundSender : IAsyncDisposable
{
    private readonly RecordPost post;
    private readonly IOutbox outbox;
    private readonly TimeSpan longestPause;
    private readonly Action<NodeException> report;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;

    /// <param name="report">Told of a trouble once, until another one comes or all is well again.</param>
    public BackgroundSender(RecordPost post, IOutbox outbox, TimeSpan longestPause, Action<NodeException> report)
    {
        (this.post, this.outbox, this.longestPause, this.report) = (post, outbox, longestPause, report);
        running = Task.Run(RunAsync);
    }

    /// <summary>Why the last attempt did not send all; null where it did.</summary>
    public NodeException? Trouble { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var failed = 0;
        try
        {
            while (true)
            {
                var lines = await outbox.NextAsync(stopping.Token);
                var (settled, trouble, retryAfter) = await TryAsync(lines);
                trouble = End(trouble);
                Note(trouble);
                if (trouble is not null)
                {
                    failed = settled > 0 ? 0 : failed + 1;
                    await Task.Delay(PauseAfter(failed, trouble, retryAfter), stopping.Token);
                }
                else
                {
                    failed = 0;
                }
            }
        }
        catch (OperationCanceledException)
        {
            outbox.Close(new NodeException(NodeTrouble.Unsendable, "The client was closed before this was sent."));
        }
        catch (Exception broken)
        {
            var last = new NodeException(
                NodeTrouble.Unwritable, $"Nothing is sent any more: {broken.Message}", broken);
            outbox.Close(last);
            Note(last);
        }
    }

    private async Task<(int Settled, NodeException? Trouble, TimeSpan? RetryAfter)> TryAsync(OutgoingLines lines)
    {
        var settled = 0;
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        attempt.CancelAfter(outbox.AttemptTime);
        try
        {
            var result = await post.SendAsync(
                lines.Bytes,
                receipt =>
                {
                    // More than was sent is nobody's.
                    if (settled < lines.Count)
                    {
                        outbox.Settle(receipt);
                        settled++;
                    }
                },
                attempt.Token);
            var trouble = settled >= lines.Count ? null
                : new NodeException(
                    result.IsFinal ? NodeTrouble.Refused : NodeTrouble.Unreachable,
                    $"The node at {post.Server} did not take all: {result.Trouble}");
            return (settled, trouble, result.RetryAfter);
        }
        catch (NodeException refusal)
        {
            return (settled, refusal, null);
        }
        catch (UnauthorizedAccessException failure)
        {
            // What the node does not take could not be put aside, and waits.
            return (settled, new NodeException(NodeTrouble.Unwritable, failure.Message, failure), null);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // What it said before, when there was more time, says more.
            return (settled, Trouble is { Trouble: NodeTrouble.Unreachable } ? Trouble
                : new NodeException(NodeTrouble.Unreachable, $"The node at {post.Server} did not answer in time."), null);
        }
    }

    /// <summary>Where it cannot be noted how far all is sent, some is sent twice at worst.</summary>
    private NodeException? End(NodeException? trouble)
    {
        try
        {
            outbox.EndAttempt(trouble);
            return trouble;
        }
        catch (IOException failure)
        {
            return new NodeException(
                NodeTrouble.Unwritable, $"It cannot be noted how far all is sent: {failure.Message}", failure);
        }
    }

    private TimeSpan PauseAfter(int failed, NodeException trouble, TimeSpan? retryAfter)
    {
        var pause = retryAfter ?? TimeSpan.FromMilliseconds(50 << Math.Min(failed, 10));
        // A token that is refused is refused in a moment too.
        pause = trouble.Trouble == NodeTrouble.Refused ? longestPause : pause;
        return pause < longestPause ? pause : longestPause;
    }

    private void Note(NodeException? trouble)
    {
        var isNew = trouble is not null && trouble.Trouble != Trouble?.Trouble;
        Trouble = trouble;
        if (isNew)
        {
            report(trouble!);
        }
    }
}
