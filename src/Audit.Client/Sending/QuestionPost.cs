using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json.Serialization.Metadata;
using Audit.Client.Http;

namespace Audit.Client.Sending;

/// <summary>
/// Asks a node whether a tool may run, and asks the same again until it is answered. Who asks the call instead, and not
/// the question, could be told what was approved of another question of it.
/// </summary>
/// <param name="patience">
/// How long a node that does not answer is tried again; once a person is asked, until who asked waits no longer.
/// </param>
/// <param name="grace">How much longer than it was asked to wait one answer may take.</param>
internal sealed class QuestionPost(NodeClient node, TimeSpan patience, TimeSpan grace)
{
    private static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(1);

    /// <param name="awaited">Told when a person is asked.</param>
    /// <exception cref="NodeException">There is no answer.</exception>
    public async Task<DecisionAnswer> AskAsync(
        byte[] question, TimeSpan wait, CancellationToken cancellation, Action? awaited = null)
    {
        var begun = Stopwatch.GetTimestamp();
        long? lost = null;
        var isAwaited = false;
        for (var pause = 0; ; pause = Math.Min(1000, (2 * pause) + 50))
        {
            // At first nobody is waited for: once it is known that a person is asked, patience with the node is another.
            var left = wait - Stopwatch.GetElapsedTime(begun);
            left = left < TimeSpan.Zero ? TimeSpan.Zero : left < LongestRequest ? left : LongestRequest;
            var asked = Stopwatch.GetTimestamp();
            try
            {
                var answer = await AskOnceAsync(question, isAwaited ? left : TimeSpan.Zero, cancellation);
                if (!answer.IsAwaited)
                {
                    return answer;
                }

                awaited?.Invoke();
                if (left == TimeSpan.Zero)
                {
                    return answer;
                }

                // A node at which too many wait does not let another wait.
                pause = isAwaited && Stopwatch.GetElapsedTime(asked) < LeastWait ? pause : 0;
                (lost, isAwaited) = (null, true);
            }
            catch (NodeException failure) when (failure.IsForNow
                || failure.Trouble is NodeTrouble.Unreachable or NodeTrouble.Unreadable)
            {
                lost ??= Stopwatch.GetTimestamp();
                var isOver = Stopwatch.GetElapsedTime(lost.Value) >= patience;
                if (isOver && (!isAwaited || Stopwatch.GetElapsedTime(begun) >= wait))
                {
                    throw;
                }
            }

            await Task.Delay(pause, cancellation);
        }
    }

    private async Task<DecisionAnswer> AskOnceAsync(byte[] question, TimeSpan wait, CancellationToken cancellation)
    {
        var seconds = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        var answer = await PostAsync(
            node, NodeClient.PathOf("v1/decide", ("wait", seconds)), question, ClientJson.Default.DecisionAnswer,
            wait + grace, cancellation);
        return answer.State is null
            ? throw NodeException.Unreadable(node.Server, new JsonException("It says no state of the call."))
            : answer;
    }

    /// <summary>Posts one body of JSON, which is answered in time or not at all.</summary>
    /// <exception cref="NodeException">There is no answer.</exception>
    public static async Task<T> PostAsync<T>(
        NodeClient node, string path, byte[] body, JsonTypeInfo<T> type, TimeSpan longest,
        CancellationToken cancellation)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        attempt.CancelAfter(longest);
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        try
        {
            return await node.PostContentAsync(path, content, type, attempt.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new NodeException(NodeTrouble.Unreachable, $"The node at {node.Server} did not answer in time.");
        }
    }
}
