namespace Audit.Node.Hosting;

/// <summary>Where tests put something else in the place of a part.</summary>
internal sealed record NodeSeams
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What stands between the endpoints and the engine.</summary>
    public Func<IAuditEngine, IAuditEngine> AroundEngine { get; init; } = engine => engine;

    /// <summary>What the local engine writes through.</summary>
    public Func<IJournal, IJournal> AroundJournal { get; init; } = journal => journal;

    /// <summary>Adds to the parts that the server is given, or breaks.</summary>
    public Action<IServiceCollection> AddParts { get; init; } = _ => { };

    /// <summary>What the store's first token may do.</summary>
    public IReadOnlyList<string> FirstRoles { get; init; } = ["admin"];

    /// <summary>The shortest time between two signatures of the log.</summary>
    public TimeSpan SealInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a node that does not seal waits until it looks again.</summary>
    public TimeSpan SealPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the scrub rests after each batch.</summary>
    public TimeSpan ScrubPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The shortest time between two checkpoints that a witness is sent.</summary>
    public TimeSpan WitnessPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between two checkpoints that are kept elsewhere.</summary>
    public TimeSpan OutletPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a key of the log that was taken out of service signs beside the new one.</summary>
    public TimeSpan BothSign { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The time between two looks for sessions that ended.</summary>
    public TimeSpan MarkPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time between two looks at what is remembered of the journal.</summary>
    public TimeSpan SetBackPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long receipts are held that were asked for sealed.</summary>
    public TimeSpan SealedPatience { get; init; } = TimeSpan.FromSeconds(10);
}
