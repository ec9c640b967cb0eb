using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Configuration;
using Akka.Persistence;

namespace Audit.Actors.Tests;

/// <summary>Akka.Persistence.Sql's journal, failing on demand: before it writes, or after, when the writer cannot know.</summary>
internal sealed class FaultyWriteJournal(Config config) : SqlJournal(config)
{
    private static readonly ConcurrentDictionary<string, Func<Fault>> Faults = new();

    private readonly Func<Fault> next = Faults[config.GetString("faults")];

    /// <summary>The HOCON that puts it in the place of the plugin's own.</summary>
    public static string Hocon(Func<Fault> next)
    {
        var name = Guid.NewGuid().ToString("N");
        Faults[name] = next;
        return QuickCluster.OnSqlPlugin + $$"""
            akka.persistence.journal.sql {
              class = "{{typeof(FaultyWriteJournal).FullName}}, {{typeof(FaultyWriteJournal).Assembly.GetName().Name}}"
              faults = "{{name}}"
            }

            """;
    }

    protected override async Task<IImmutableList<Exception>> WriteMessagesAsync(IEnumerable<AtomicWrite> messages)
    {
        var fault = next();
        if (fault == Fault.BeforeWriting)
        {
            throw new IOException("The connection broke before the write.");
        }

        var rejections = await base.WriteMessagesAsync(messages);
        return fault == Fault.AfterWriting ? throw new IOException("The connection broke after the write.") : rejections;
    }
}
