using System.Collections.Immutable;
using System.Data.Common;
using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Persistence.Sql.Journal;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Actors.Journal;

/// <summary>
/// Akka.Persistence.Sql's journal, for who prefers it. It reports no positions, so that they are looked up after each
/// write and each replay.
/// </summary>
internal class SqlJournal(Config config) : SqlWriteJournal(config)
{
    public const string Id = "akka.persistence.journal.sql";

    private const int SqliteConstraint = 19;

    private readonly JournalSetup setup = JournalSetup.Of(Context.System);

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages)
    {
        var writes = messages.ToArray();
        var events = writes.SelectMany(write => (IEnumerable<IPersistentRepresentation>)write.Payload).ToArray();
        var began = Stopwatch.GetTimestamp();
        try
        {
            var rejections = await base.WriteMessagesAsync(writes);
            await PlaceAsync(events);
            setup.Wrote(events.Length);
            setup.Options.Committed?.Invoke(Stopwatch.GetElapsedTime(began));
            return rejections;
        }
        catch (Exception failure) when (IsConflict(failure))
        {
            throw new StreamLostException();
        }
        catch (Exception failure)
        {
            // Whether it was written is not known, however it failed: the actor learns so, and ends.
            setup.Options.Failures.Report("cluster write", failure);
            throw;
        }
    }

    public override async Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max,
        Action<IPersistentRepresentation> recoveryCallback)
    {
        var events = new List<IPersistentRepresentation>();
        await base.ReplayMessagesAsync(context, persistenceId, fromSequenceNr, toSequenceNr, max, events.Add);
        await PlaceAsync(events);
        events.ForEach(recoveryCallback);
    }

    private async Task PlaceAsync(IReadOnlyList<IPersistentRepresentation> events)
    {
        var places = events.Select(each => new StreamPlace(new StreamKey(each.PersistenceId), each.SequenceNr));
        var positions = await setup.Journal.ReadPositionsAsync([.. places], CancellationToken.None);
        for (var index = 0; index < positions.Length; index++)
        {
            ((JournalEvent)events[index].Payload).Position = positions[index] > 0
                ? positions[index]
                : throw new JournalUnavailableException("what was written is not to be seen yet; it may be sent again");
        }
    }

    /// <summary>
    /// The database refused an event whose place was taken: another writer was first. The plugin's transaction is
    /// rolled back then, so that nothing of it was written, also of the streams that were written with it.
    /// </summary>
    private static bool IsConflict(Exception? cause) => cause switch
    {
        null => false,
        AggregateException many => many.InnerExceptions.Any(IsConflict),
        DbException failure when IsConflict(failure) => true,
        _ => IsConflict(cause.InnerException),
    };

    private static bool IsConflict(DbException failure) =>
        failure is SqliteException { SqliteErrorCode: SqliteConstraint }
            or PostgresException { SqlState: PostgresErrorCodes.UniqueViolation };
}
