using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.Configuration;
using Akka.Persistence;
using Akka.Persistence.Journal;

namespace Audit.Actors.Tests;

/// <summary>A journal in memory whose writes and readings go on only when the test says so.</summary>
public sealed class HeldJournal : MemoryJournal
{
    private static readonly ConcurrentDictionary<string, Control> Controls = new();

    private readonly Control control;

    public HeldJournal(Config config) => control = Controls[config.GetString("control")];

    /// <summary>The HOCON of a system with such a journal.</summary>
    public static string Hocon(Control control)
    {
        var name = Guid.NewGuid().ToString("N");
        Controls[name] = control;
        return $$"""
            akka.persistence {
              journal.plugin = "held"
              snapshot-store.plugin = "akka.persistence.no-snapshot-store"
            }
            held {
              class = "{{typeof(HeldJournal).FullName}}, {{typeof(HeldJournal).Assembly.GetName().Name}}"
              plugin-dispatcher = "akka.actor.default-dispatcher"
              control = "{{name}}"
            }
            # Nothing here is about how fast a machine is.
            akka.test.single-expect-default = 60s
            """;
    }

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages)
    {
        var writes = messages.ToArray();
        Interlocked.Increment(ref control.Writes);
        await control.Write();
        return await base.WriteMessagesAsync(writes);
    }

    public override async Task ReplayMessagesAsync(
        IActorContext context, string persistenceId, long fromSequenceNr, long toSequenceNr, long max,
        Action<IPersistentRepresentation> recoveryCallback)
    {
        await control.Read();
        await base.ReplayMessagesAsync(context, persistenceId, fromSequenceNr, toSequenceNr, max, recoveryCallback);
    }

    /// <summary>What the test says; at first everything goes on.</summary>
    public sealed class Control
    {
        public int Writes;

        public Func<Task> Write { get; set; } = () => Task.CompletedTask;

        public Func<Task> Read { get; set; } = () => Task.CompletedTask;
    }
}
