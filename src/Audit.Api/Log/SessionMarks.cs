using System.Data.Common;
using Audit.Api.Diary;

namespace Audit.Api.Log;

/// <summary>
/// Has it sealed how much the book holds of a session: when it ends, and every hour while there is something new of it.
/// The node that seals does it.
/// </summary>
internal sealed class SessionMarks(
    NodeLog log, SessionWatch watch, IJournal journal, OperatorActs acts, ApiSettings settings, TimeProvider clock,
    TimeSpan pause, FailureLog failures) : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    /// <summary>How far back a node looks that did not seal before: whatever is older was marked by another.</summary>
    private static readonly TimeSpan FirstLook = 2 * Every;

    private readonly SessionReader reader = new(settings.Store, log.Entries);
    private readonly string file = Path.Combine(settings.Data, "session.marks");
    private BackgroundWork? work;
    private bool hasLookedBack;
    private long written;

    public void Start() => work = new BackgroundWork(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await (work?.DisposeAsync() ?? default);
        await reader.DisposeAsync();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        var next = clock.GetUtcNow() + Every;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await LookBackAsync(cancellation);
                var isHour = clock.GetUtcNow() >= next;
                next = isHour ? clock.GetUtcNow() + Every : next;
                foreach (var session in isHour ? watch.Waiting() : watch.TakeEnded())
                {
                    await MarkAsync(session, cancellation);
                }

                KeepPlace();
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure
                is DbException or StoreException or JournalUnavailableException or EngineStoppedException
                or IOException or UnauthorizedAccessException)
            {
                failures.Report("marks of sessions", failure);
            }

            await Task.Delay(pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task MarkAsync(string session, CancellationToken cancellation)
    {
        try
        {
            var contents = await reader.ReadAsync(session, cancellation);
            if (contents.Rows == 0)
            {
                // It was cut meanwhile; the event that says so stands for it.
                watch.Written(session, long.MaxValue);
                return;
            }

            if (!await IsMarkedAsync(contents, cancellation))
            {
                await acts.WriteFactsAsync(
                    StreamNames.Contents(session), SessionContents.Act, OperatorActs.Node, contents.WriteTo);
            }

            watch.Written(session, contents.Through);
        }
        catch
        {
            watch.Again(session);
            throw;
        }
    }

    private async Task<bool> IsMarkedAsync(SessionContents contents, CancellationToken cancellation)
    {
        var marks = await journal.ReadStreamAsync(
            new StreamKey(StreamNames.Contents(contents.Session)), afterSequence: 0, int.MaxValue, cancellation);
        return marks.Count > 0 && marks[^1].IsProven && contents.Equals(SessionContents.TryRead(marks[^1].Message));
    }

    /// <summary>What was sealed before this node did, and what it had not come to when it stopped.</summary>
    private async Task LookBackAsync(CancellationToken cancellation)
    {
        if (hasLookedBack || log.Status.State != SealerState.Sealing
            || await log.TryHeadAsync(cancellation) is not { } head)
        {
            return;
        }

        var from = ReadPlace() ?? await FirstAfterAsync(clock.GetUtcNow() - FirstLook, head.LastPosition, cancellation);
        await watch.CatchUpAsync(settings.Store, from, head.LastPosition, cancellation);
        hasLookedBack = true;
    }

    /// <summary>The position of the first row that was written after a time, by halves: no index knows times.</summary>
    private async Task<long> FirstAfterAsync(DateTimeOffset time, long last, CancellationToken cancellation)
    {
        var (low, high) = (0L, last);
        while (low < high)
        {
            var middle = low + (high - low) / 2;
            var row = await journal.ReadAfterAsync(middle, limit: 1, byteLimit: 1, cancellation);
            if (row.Count > 0 && row[0].CreatedTicks < time.UtcTicks)
            {
                low = row[0].Position;
            }
            else
            {
                high = middle;
            }
        }

        return low + 1;
    }

    private long? ReadPlace() =>
        File.Exists(file) && long.TryParse(
            File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out var place)
            ? place
            : null;

    private void KeepPlace()
    {
        var place = watch.From;
        if (hasLookedBack && place != written)
        {
            OwnerOnly.Replace(file, Encoding.UTF8.GetBytes(place.ToString(CultureInfo.InvariantCulture)));
            written = place;
        }
    }
}
