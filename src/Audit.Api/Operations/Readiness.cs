using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>Whether the node can take records now, for whoever asks: an orchestrator, or who collects its metrics.</summary>
internal sealed class Readiness(
    NodeLog log, SetBackGuard guard, CommitWatch commits, IHostApplicationLifetime life, IClusterEngine? cluster = null)
{
    /// <summary>Where the node stands in its cluster; null where there is none.</summary>
    public ClusterState? Member => cluster?.Cluster;

    /// <returns>`ready`, `stopping` or `not_ready`, as long as the journal's trouble is this.</returns>
    public string StatusWith(JournalUnavailableException? trouble) =>
        trouble is not null || Member is { IsUp: false } ? "not_ready"
        : life.ApplicationStopping.IsCancellationRequested ? "stopping" : "ready";

    /// <returns>Why the journal does not commit now; null where it does.</returns>
    public async Task<JournalUnavailableException?> TroubleAsync(CancellationToken cancellation) =>
        guard.IsSetBack ? new JournalSetBackException(SetBackGuard.Sentence)
        : await commits.TroubleAsync(cancellation) is { } trouble ? trouble
        : log.Damage is { } damage
            ? new JournalUnavailableException(damage.Message, damage, JournalTrouble.Damaged)
        : null;
}

/// <summary>The journal's troubles as health and metrics name them.</summary>
internal static class TroubleWords
{
    public static readonly IReadOnlyList<JournalTrouble> All = Enum.GetValues<JournalTrouble>();

    public static string Of(JournalTrouble trouble) => trouble switch
    {
        JournalTrouble.Locked => "locked",
        JournalTrouble.Stalled => "stalled",
        JournalTrouble.DiskFull => "disk_full",
        JournalTrouble.ReadOnly => "read_only",
        JournalTrouble.Damaged => "damaged",
        JournalTrouble.SetBack => "set_back",
        _ => "away",
    };

    /// <summary>What exactly it is, and where, is for the log; whoever asks may have no token.</summary>
    public static string SentenceOf(JournalTrouble trouble) => trouble switch
    {
        JournalTrouble.Locked => "Another process holds the journal's lock.",
        JournalTrouble.Stalled => "The journal was asked to commit and goes on without a word.",
        JournalTrouble.DiskFull => "The disk of the journal is full.",
        JournalTrouble.ReadOnly => "The journal can be read and not written.",
        JournalTrouble.Damaged => "Pages of the journal are damaged.",
        _ => "The journal does not answer.",
    };
}
