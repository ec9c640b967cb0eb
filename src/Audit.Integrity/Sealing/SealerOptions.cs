using Audit.Integrity.Witnesses;

namespace Audit.Integrity.Sealing;

/// <summary>How a node seals.</summary>
public sealed record SealerOptions
{
    /// <summary>
    /// Where the last signed checkpoint is kept outside the database, `log.checkpoint` in the data directory.
    /// </summary>
    public required string CheckpointFile { get; init; }

    /// <summary>The name of a log that must be made; null makes one up. A log that is there keeps its name.</summary>
    public string? Origin { get; init; }

    /// <summary>The shortest time between two signatures.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a node that does not seal waits until it looks again whether it should.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the scrub rests after each batch of about a thousand rows.</summary>
    public TimeSpan ScrubPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The shortest time between two checkpoints that are kept elsewhere.</summary>
    public TimeSpan OutletPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a key that was taken out of service goes on signing beside the new one.</summary>
    public TimeSpan BothSign { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Sees which sessions are sealed; null where nobody wants to know.</summary>
    public SessionWatch? Sessions { get; init; }

    /// <summary>Where checkpoints are kept elsewhere; null for nowhere.</summary>
    public ICheckpointOutlet? Outlet { get; init; }

    /// <summary>Who cosigns the checkpoints.</summary>
    public WitnessOptions Witnesses { get; init; } = WitnessOptions.None;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Where the scrub notes what it could not read.</summary>
    public JournalDamage Damage { get; } = new();

    /// <summary>Where the sealer reports what it outlives.</summary>
    public FailureLog Failures { get; init; } = FailureLog.None;
}

/// <param name="Reason">A sentence; null where there is nothing to explain.</param>
/// <param name="Position">With Halted: the first position known to be concerned, if any.</param>
public sealed record SealerStatus(SealerState State, string? Reason = null, long? Position = null)
{
    /// <summary>Whether a person must do something: the node is not ready then.</summary>
    public bool IsHalted => State == SealerState.Halted;
}

/// <summary>
/// What the scrub could not read of the journal: kept until a whole pass could, for it comes there only now and then.
/// </summary>
public sealed class JournalDamage
{
    private volatile StoreDamagedException? found;

    public StoreDamagedException? Found
    {
        get => found;
        internal set => found = value;
    }
}

/// <summary>What a node's sealer is at.</summary>
public enum SealerState
{
    /// <summary>Not started, or ended.</summary>
    Stopped,

    /// <summary>Looking at what was sealed before.</summary>
    Starting,

    /// <summary>This node seals.</summary>
    Sealing,

    /// <summary>Another node seals; this one is ready to take over.</summary>
    Standby,

    /// <summary>This node does not have the log's key and never seals: another one does.</summary>
    Elsewhere,

    /// <summary>There is a key that cannot be used.</summary>
    NoKey,

    /// <summary>
    /// This node has the log's key and does not remember the log: it waits until somebody vouches for the store's.
    /// </summary>
    NoMemory,

    /// <summary>The store or the disk did not answer; it is tried again.</summary>
    Waiting,

    /// <summary>The log is not signed until its rows are what was sealed, or an operator starts a new one.</summary>
    Halted,
}

/// <summary>What an operator's event says when a halt is ended, because the rows are again what was sealed.</summary>
public sealed record LogResume(string Origin, LogHalt Halt, long Size, string Reason);

/// <summary>What an operator's event says when a node is given a memory of the log.</summary>
/// <param name="Given">The checkpoint that the operator brought from elsewhere.</param>
/// <param name="Size">Of the store's, which continues it.</param>
public sealed record LogAdoption(string Origin, SignedCheckpoint Given, long Size);

/// <summary>Signing on would contradict what was signed, or what was sealed is not there any more.</summary>
internal sealed class LogHaltedException(string reason, long? position = null) : Exception(reason)
{
    public long? Position { get; } = position;
}

/// <summary>An operator asked for what cannot be done now; the message is a sentence that says why.</summary>
public sealed class SealingRefusedException(string message) : Exception(message);
