using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Audit.Storage;

/// <summary>
/// Where a room reports a failure that it outlives and that no caller receives: every one is counted, and one of a
/// place and a cause is logged each minute, with how many were not.
/// </summary>
public sealed partial class FailureLog(ILogger log, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string Place, Type Cause), Seen> seen = new();

    /// <summary>For what is opened without a node around it.</summary>
    public static FailureLog None { get; } = new(NullLogger.Instance, TimeProvider.System);

    /// <summary>How often something failed at each place since the start.</summary>
    public IReadOnlyDictionary<string, long> Counts => seen
        .GroupBy(one => one.Key.Place, one => one.Value.Count)
        .ToDictionary(place => place.Key, place => place.Sum());

    /// <param name="place">
    /// Where, in a few words that stay the same, for they name the metric: `journal listener`.
    /// </param>
    public void Report(string place, Exception cause)
    {
        var entry = seen.GetOrAdd((place, cause.GetType()), _ => new Seen());
        if (entry.Add(clock.GetUtcNow(), Pause) is not { } kept)
        {
            return;
        }

        LogFailure(cause, place, cause.Message, kept == 0 ? "" : $" ({kept} more since the last such line)");
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Place}: {Cause}{More}")]
    private partial void LogFailure(Exception exception, string place, string cause, string more);

    private sealed class Seen
    {
        private readonly Lock turn = new();
        private DateTimeOffset next;
        private long kept;
        private long count;

        public long Count => Interlocked.Read(ref count);

        /// <summary>How many were kept back since the last line; null when this one is kept back too.</summary>
        public long? Add(DateTimeOffset now, TimeSpan pause)
        {
            Interlocked.Increment(ref count);
            lock (turn)
            {
                if (now < next)
                {
                    kept++;
                    return null;
                }

                next = now + pause;
                (var before, kept) = (kept, 0);
                return before;
            }
        }
    }
}
