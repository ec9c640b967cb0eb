using Akka.Actor;
using Akka.Actor.Setup;
using Audit.Engine.Committing;

namespace Audit.Actors.Journal;

/// <summary>What the journal's plugin, which Akka.NET makes by name, gets from the node, and what it counts.</summary>
internal sealed class JournalSetup(IJournal journal, EngineOptions options) : Setup
{
    private long commits;
    private long rows;
    private volatile Committer? committer;
    private volatile Task writing = Task.CompletedTask;

    public IJournal Journal => journal;

    public EngineOptions Options => options;

    public long Commits => Interlocked.Read(ref commits) + (committer?.Commits ?? 0);

    public long Rows => Interlocked.Read(ref rows) + (committer?.Rows ?? 0);

    /// <summary>Done when the plugin, once it was stopped, has written all that it took.</summary>
    public Task Writing
    {
        get => writing;
        set => writing = value;
    }

    public static JournalSetup Of(ActorSystem system) => system.Settings.Setup.Get<JournalSetup>().Value;

    /// <summary>Counts a transaction that no committer counts.</summary>
    public void Wrote(int count) => Add(1, count);

    /// <summary>Counts what this committer does from now on, and what the one before it did.</summary>
    public void Follow(Committer next)
    {
        if (committer is { } before)
        {
            Add(before.Commits, before.Rows);
        }

        committer = next;
    }

    private void Add(long moreCommits, long moreRows)
    {
        Interlocked.Add(ref commits, moreCommits);
        Interlocked.Add(ref rows, moreRows);
    }
}

/// <summary>Another writer was first: the stream did not end where its writer thought; nothing was written.</summary>
internal sealed class StreamLostException() : Exception("another writer moved the stream on before");
